-- A page that shows a long log needs to know where its groups and errors stand before it has the text.

-- Of the lines that begin a group (0), end one (1) or hold an error (2): index within the chunk times 4,
-- plus that number. Null in chunks from before: then the text tells.
alter table log_chunks
    add column marks integer[];
