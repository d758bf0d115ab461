-- Deliveries of one repository are worked on in their order, those of others beside them.
alter table deliveries
    -- `owner/name` in lower case; '' where the payload names none.
    add column repository text not null default '';
