"""What people read: each report takes a Model or an Evaluation and prints it."""
