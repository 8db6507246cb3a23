package views

import (
	"fmt"
	"time"
)

// The units of a chart's drawing; the browser scales them to the space there is.
const (
	chartHeight = 100.0
	chartStep   = 24.0
	chartBar    = 18.0
)

// chartRect is one stretch of a chart's column.
type chartRect struct {
	Class      string
	X, Y, W, H float64
}

// chartColumn is one column with what it says and where it leads.
type chartColumn struct {
	Label, Href string
	Short       string // under the column, empty for most
	Rects       []chartRect
	X           float64
}

type chart struct {
	Columns []chartColumn
	Width   float64
}

func (c chart) viewBox() string { return fmt.Sprintf("0 0 %g %g", c.Width, chartHeight) }

func units(n float64) string { return fmt.Sprintf("%.2f", n) }

// chartOf stacks each day's sites by outcome.
func chartOf(days []HomeDay) chart {
	most := 1
	for _, d := range days {
		most = max(most, d.Counts.Ended())
	}
	c := chart{Width: chartStep * float64(len(days))}
	for i, d := range days {
		column := chartColumn{Label: d.label(), Href: d.runsHref(), X: chartStep * float64(i)}
		y := chartHeight
		for _, p := range d.Counts.bar().parts() {
			h := max(1, float64(p.n)/float64(most)*chartHeight)
			y -= h
			column.Rects = append(column.Rects, chartRect{Class: p.class, X: column.X + (chartStep-chartBar)/2, Y: max(0, y), W: chartBar, H: h})
		}
		c.Columns = append(c.Columns, column)
	}
	return c
}

// histogramOf draws how many entries each stretch of time holds; a column narrows the audit log to its stretch.
func histogramOf(p AuditPage) chart {
	most := int64(1)
	for _, b := range p.Bars {
		most = max(most, b.Count)
	}
	c := chart{Width: chartStep * float64(len(p.Bars))}
	for i, b := range p.Bars {
		column := chartColumn{Label: p.barLabel(b), Href: p.barHref(b), X: chartStep * float64(i)}
		if b.Count > 0 {
			h := max(2, float64(b.Count)/float64(most)*chartHeight)
			column.Rects = []chartRect{{Class: "fill-primary", X: column.X + 1, Y: chartHeight - h, W: chartStep - 2, H: h}}
		}
		c.Columns = append(c.Columns, column)
	}
	return c
}

func (p AuditPage) barLabel(b AuditBar) string {
	return fmt.Sprintf("%s from %s", counted(int(b.Count), "entry", "entries"), b.At.UTC().Format("2 Jan 2006 15:04"))
}

func (p AuditPage) barHref(b AuditBar) string {
	q := p.Filter.query()
	q.Set("since", b.At.UTC().Format(time.RFC3339))
	q.Set("until", b.At.Add(p.BarWidth).UTC().Format(time.RFC3339))
	return "/audit?" + q.Encode()
}
