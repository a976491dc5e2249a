"""What the model and the policy's rules need to know of each lead."""
