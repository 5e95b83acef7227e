"""What a customer has a right to: to see all that is known (`found`, `told`), and to be forgotten (`erasing`)."""
