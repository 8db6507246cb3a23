package main

import "strconv"

func runID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usage("%q is not a run number; list runs with: drover runs list", text)
	}
	return id, nil
}
