gantry expr --batch < questions.jsonl
