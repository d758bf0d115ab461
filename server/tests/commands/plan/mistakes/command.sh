gantry plan ci.yml --event psuh || echo "exit code $?"
gantry plan missing.yml --event push || echo "exit code $?"
gantry plan broken.yml --event push || echo "exit code $?"
gantry plan --event push || echo "exit code $?"
gantry plan ci.yml --event push --payload broken.yml || echo "exit code $?"
gantry plan ci.yml --event push --payload list.json || echo "exit code $?"
gantry plan ci.yml --event push --input nothing 2>&1 | head -1
gantry plan waits.yml --event push || echo "exit code $?"
