//go:build !race

package sites_test

const allocationFactor = 1
