git init -q -b main
git remote add origin git@github.com:acme/app.git
git add . && git commit -q -m "Make it so"
cd .github/workflows
gantry plan caller.yml --event push
gantry plan wrong.yml --event push
