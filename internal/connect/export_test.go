package connect

// BeforeTaking returns the queue with a function that is called between reading a state and taking it.
func (q *Queue) BeforeTaking(f func()) *Queue {
	paused := *q
	paused.beforeTaking = f
	return &paused
}
