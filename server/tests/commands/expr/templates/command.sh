gantry expr --template 'Deploy ${{ inputs.version }} by @${{ github.actor }}' --context contexts.json
gantry expr --template '${{ inputs }}' --context contexts.json --format json
gantry expr --template 'no expression'
gantry expr --template 'Deploy ${{ inputs.version'
