git init -q
cd src/deep
gantry check
