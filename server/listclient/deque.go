package listclient

// deque is a queue in a ring that grows as needed. What is bounded is bounded by its users.
type deque[T any] struct {
	ring []T // its length is a power of two, or 0
	head int
	n    int
}

func (q *deque[T]) len() int { return q.n }

// at gives the i-th element from the front.
func (q *deque[T]) at(i int) *T { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *deque[T]) push(v T) {
	q.grow()
	q.n++
	*q.at(q.n - 1) = v
}

// pushFront puts v before all others.
func (q *deque[T]) pushFront(v T) {
	q.grow()
	q.head = (q.head - 1) & (len(q.ring) - 1)
	q.n++
	*q.at(0) = v
}

// pop takes the front element; the queue must not be empty.
func (q *deque[T]) pop() T {
	var zero T
	front := q.at(0)
	v := *front
	*front = zero
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return v
}

// remove drops the elements for which drop is true.
func (q *deque[T]) remove(drop func(*T) bool) {
	var zero T
	kept := 0
	for i := range q.n {
		if v := q.at(i); !drop(v) {
			*q.at(kept) = *v
			kept++
		}
	}
	for i := kept; i < q.n; i++ {
		*q.at(i) = zero
	}
	q.n = kept
}

func (q *deque[T]) grow() {
	if q.n < len(q.ring) {
		return
	}
	ring := make([]T, max(16, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}
