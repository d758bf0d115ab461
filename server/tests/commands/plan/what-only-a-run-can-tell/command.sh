git init -q -b main
git remote add origin git@github.com:acme/app.git
git add . && git commit -q -m "Make it so"
gantry plan ci.yml --event push
gantry plan ci.yml --event push --format json
