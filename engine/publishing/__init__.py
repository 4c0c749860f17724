"""What becomes of conversations that are going on when another version of their flow is published."""
