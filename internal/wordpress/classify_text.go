package wordpress

import "bytes"

// title is what a page calls itself.
func title(body []byte) string { return element(body, "title") }

// element is the text of the first element of that name.
func element(body []byte, name string) string {
	beginning := body[:min(len(body), searched)]
	lower := bytes.ToLower(beginning)
	begin := bytes.Index(lower, []byte("<"+name))
	if begin < 0 || len(lower) != len(beginning) { // folding of some letters changes their length, and with it the places
		return ""
	}
	open := bytes.IndexByte(lower[begin:], '>')
	if open < 0 {
		return ""
	}
	begin += open + 1
	end := bytes.Index(lower[begin:], []byte("</"+name))
	if end < 0 {
		return ""
	}
	return printable(plain(string(beginning[begin:begin+end])), 80)
}
