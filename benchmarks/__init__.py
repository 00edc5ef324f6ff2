"""What autoeval costs in time, processor, memory and money, measured."""
