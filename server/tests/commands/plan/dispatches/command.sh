git init -q -b main
git remote add origin git@github.com:acme/app.git
git add . && git commit -q -m "Make it so"
gantry plan deploy.yml --event workflow_dispatch --input version=1.2
gantry plan deploy.yml --event workflow_dispatch --input version=1.2 --input dry=true --input environment=production
gantry plan deploy.yml --event workflow_dispatch
gantry plan deploy.yml --event workflow_dispatch --input version=1 --input environment=moon
gantry plan deploy.yml --event push
