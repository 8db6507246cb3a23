package main

import "testing"

func TestPlainHTTPIsWarnedOf(t *testing.T) {
	t.Parallel()
	for address, warned := range map[string]bool{
		"http://127.0.0.1:8080": false, "http://localhost:8080": false, "http://[::1]:8080": false, "https://drover.agency.example": false,
		"http://drover.agency.example": true, "http://0.0.0.0:8080": true, "http://192.168.1.7": true, "http://:8080": true, "http://localhost.evil.example": true,
	} {
		if got := plainWarning(address) != ""; got != warned {
			t.Errorf("%s: warned %v", address, got)
		}
	}
}
