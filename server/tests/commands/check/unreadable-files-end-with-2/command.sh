printf "\377" > binary.yml
mkdir folder.yml empty
gantry check binary.yml missing.yml folder.yml good.yml
