gantry expr "\${{ github.sha }}" || echo "exit code $?"
gantry expr "format(1" || echo "exit code $?"
gantry expr "fromJSON(github.x)" || echo "exit code $?"
gantry expr 1 --context missing.json || echo "exit code $?"
gantry expr 1 --context broken.json || echo "exit code $?"
gantry expr 1 --context list.json || echo "exit code $?"
gantry expr 2>&1 | head -3
