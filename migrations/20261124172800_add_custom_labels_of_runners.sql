-- Labels that an administrator has given, beside those that the runner says of itself at each registration.
-- owner: runners
alter table runners add column custom_labels text[] not null default '{}';
