mkdir src docs
echo 1 > src/main.c
git init -q -b main
git remote add origin git@github.com:acme/app.git
git add . && git commit -q -m "Make it so"
echo 2 > docs/page.md; git add .; git commit -q -m "Write"
gantry plan --event push
gantry plan --event push --ref v1.0
gantry plan --event release
gantry plan --event issues --type labeled
gantry plan --event schedule
