package wptest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Blog is a site of the network whose main site a Site is.
type Blog struct {
	URL, Name string
	Admin     bool
}

// xmlrpc answers wp.getUsersBlogs as WordPress does. A site without blogs names itself.
func (s *site) xmlrpc(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Method string   `xml:"methodName"`
		Params []string `xml:"params>param>value>string"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || xml.Unmarshal(body, &call) != nil || call.Method != "wp.getUsersBlogs" || len(call.Params) != 2 {
		xmlFault(w, -32601, "server error. requested method does not exist.")
		return
	}
	if _, known := s.knows(call.Params[0], call.Params[1]); !known || s.fault() == WrongPassword {
		xmlFault(w, 403, "Incorrect username or password.")
		return
	}
	blogs := s.Blogs
	if blogs == nil {
		blogs = []Blog{{s.home() + "/", s.Name, true}}
	}
	var b strings.Builder
	for i, one := range blogs {
		admin := 0
		if one.Admin {
			admin = 1
		}
		fmt.Fprintf(&b, "<value><struct><member><name>isAdmin</name><value><boolean>%d</boolean></value></member>"+
			"<member><name>url</name><value><string>%s</string></value></member><member><name>blogid</name><value><string>%d</string></value></member>"+
			"<member><name>blogName</name><value><string>%s</string></value></member></struct></value>", admin, escaped(one.URL), i+1, escaped(one.Name))
	}
	xmlReply(w, "<params><param><value><array><data>"+b.String()+"</data></array></value></param></params>")
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

func xmlFault(w http.ResponseWriter, code int, text string) {
	xmlReply(w, fmt.Sprintf("<fault><value><struct><member><name>faultCode</name><value><int>%d</int></value></member>"+
		"<member><name>faultString</name><value><string>%s</string></value></member></struct></value></fault>", code, text))
}

func xmlReply(w http.ResponseWriter, inner string) {
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	_, _ = io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodResponse>\n"+inner+"\n</methodResponse>\n")
}
