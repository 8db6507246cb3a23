package wordpress

import "slices"

// Turn says whose request it is. Those who wait for the same place take turns by member, then by run: many requests of one delay those of
// another by one request each.
type Turn struct {
	Member string
	Run    int64
}

// turns is who waits, in the order in which they are to go on.
type turns struct {
	members []*memberTurns // whose turn it is first
	waiting int
}

type memberTurns struct {
	member string
	runs   []*runTurns // whose turn it is first
}

type runTurns struct {
	run     int64
	waiters []*waiter // in the order in which they came
}

func (t *turns) push(w *waiter) {
	t.waiting++
	i := slices.IndexFunc(t.members, func(m *memberTurns) bool { return m.member == w.whose.Member })
	if i < 0 {
		i = len(t.members)
		t.members = append(t.members, &memberTurns{member: w.whose.Member})
	}
	m := t.members[i]
	j := slices.IndexFunc(m.runs, func(r *runTurns) bool { return r.run == w.whose.Run })
	if j < 0 {
		j = len(m.runs)
		m.runs = append(m.runs, &runTurns{run: w.whose.Run})
	}
	m.runs[j].waiters = append(m.runs[j].waiters, w)
}

// next is who goes on next, or nil.
func (t *turns) next() *waiter {
	if t.waiting == 0 {
		return nil
	}
	return t.members[0].runs[0].waiters[0]
}

// pop takes out who goes on next; their run and member are last then.
func (t *turns) pop() *waiter {
	m := t.members[0]
	r := m.runs[0]
	w := r.waiters[0]
	t.waiting--
	r.waiters = r.waiters[1:]
	if m.runs = m.runs[1:]; len(r.waiters) > 0 {
		m.runs = append(m.runs, r)
	}
	if t.members = t.members[1:]; len(m.runs) > 0 {
		t.members = append(t.members, m)
	}
	return w
}

// remove takes out somebody who waits no more, and tells whether they did.
func (t *turns) remove(w *waiter) bool {
	for i, m := range t.members {
		for j, r := range m.runs {
			k := slices.Index(r.waiters, w)
			if k < 0 {
				continue
			}
			t.waiting--
			if r.waiters = slices.Delete(r.waiters, k, k+1); len(r.waiters) == 0 {
				m.runs = slices.Delete(m.runs, j, j+1)
			}
			if len(m.runs) == 0 {
				t.members = slices.Delete(t.members, i, i+1)
			}
			return true
		}
	}
	return false
}
