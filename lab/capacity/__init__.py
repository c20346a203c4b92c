"""What a service of a given size takes: processors, storage, money, and how long its queue is."""
