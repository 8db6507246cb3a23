//go:build race

package sites_test

// The race detector makes sync.Pool drop a quarter of what it keeps, so that regular expressions and replacers allocate again and again.
const allocationFactor = 6
