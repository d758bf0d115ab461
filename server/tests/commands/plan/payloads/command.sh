gantry plan ci.yml --event pull_request --payload labeled.json
gantry plan ci.yml --event pull_request --payload opened.json
gantry plan ci.yml --event push --payload push.json
gantry plan ci.yml --event push --payload push.json --ref other
