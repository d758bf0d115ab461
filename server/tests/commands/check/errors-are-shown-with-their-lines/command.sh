gantry check .github/workflows/ci.yml
