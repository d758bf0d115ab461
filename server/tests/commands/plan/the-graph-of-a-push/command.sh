git init -q -b main
git remote add origin git@github.com:acme/app.git
git add . && git commit -q -m "Make it so"
gantry plan .github/workflows/ci.yml --event push
gantry plan .github/workflows/ci.yml --event push --ref feature/x
gantry plan .github/workflows/ci.yml --event pull_request --ref feature/x
