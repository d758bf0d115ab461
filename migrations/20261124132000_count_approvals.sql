-- An environment may ask for several approvals, each by somebody else.

alter table environments
    -- So many different reviewers have to approve a deployment; 6 can be named at most.
    add column required_approvals integer not null default 1
        check (required_approvals between 1 and 6);

drop index deployment_reviews_key;

create unique index deployment_reviews_key
on deployment_reviews (run_id, run_attempt, lower(environment), lower(reviewer));
