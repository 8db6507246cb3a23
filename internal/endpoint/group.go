package endpoint

import (
	"cmp"
	"slices"
)

// Group counts the rows and sites of each value of a column, the commonest first.
type Group struct {
	Value string
	Rows  int
	Sites []int64
}

// GroupBy groups the rows by a column.
func GroupBy(rows []Row, column int) []Group {
	at, counted := map[string]int{}, map[[2]int64]bool{}
	var groups []Group
	for _, r := range rows {
		value := Show(cellOf(r, column))
		i, known := at[value]
		if !known {
			i = len(groups)
			at[value] = i
			groups = append(groups, Group{Value: value})
		}
		groups[i].Rows++
		if seen := [2]int64{int64(i), r.Site}; !counted[seen] {
			counted[seen] = true
			groups[i].Sites = append(groups[i].Sites, r.Site)
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), Compare(a.Value, b.Value)) })
	return groups
}

// MarkOdd marks the cells that differ from what most sites have there. Rows are compared that share their first cell, where sites have
// several rows each; columns in which nothing is common to most are left unmarked.
func MarkOdd(rows []Row) {
	bySubject := map[string][]int{}
	sites := map[int64]int{}
	for i, r := range rows {
		rows[i].Odd = make([]bool, len(r.Cells))
		sites[r.Site]++
	}
	several := len(rows) > len(sites)
	for i, r := range rows {
		subject := ""
		if several && len(r.Cells) > 0 {
			subject = Show(r.Cells[0])
		}
		bySubject[subject] = append(bySubject[subject], i)
	}
	for _, same := range bySubject {
		if len(same) > 2 {
			markOdd(rows, same)
		}
	}
}

func markOdd(rows []Row, same []int) {
	for column := range rows[same[0]].Cells {
		times := map[string]int{}
		common, most := "", 0
		for _, i := range same {
			value := Show(rows[i].Cells[column])
			if times[value]++; times[value] > most {
				common, most = value, times[value]
			}
		}
		if most*2 <= len(same) {
			continue
		}
		for _, i := range same {
			rows[i].Odd[column] = Show(rows[i].Cells[column]) != common
		}
	}
}
