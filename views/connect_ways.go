package views

// ConnectScript is the page that makes a script for people with SSH.
type ConnectScript struct {
	List       Field
	Fields     []Field
	Script     string // empty before it was asked for
	Pipe, File string // how to run it
}

// ConnectSource asks for a WordPress site that knows of others.
type ConnectSource struct {
	Title, Lead, Action, Button string
	Steps                       []string
	Fields                      []Field
	Problem                     string
	Keep                        string // a choice to store the credential after all; empty for none
	Kept                        bool
}

type connectWay struct{ href, icon, label, hint string }

// connectWaysList are the ways to connect sites beside an approval for each.
var connectWaysList = []connectWay{
	{"/sites/import", "upload", "Import a file", "Import a spreadsheet or a password manager's export, with passwords."},
	{"/connect/mainwp", "server", "From MainWP", "Add your dashboard's sites, clients and tags to the queue."},
	{"/connect/network", "waypoints", "From a multisite network", "Connect the sites you choose with one super admin's password."},
	{"/connect/wp-cli", "terminal", "Over SSH, with WP-CLI", "Create the passwords with a script on your servers."},
}

// galleryConnect draws the ways to connect many sites.
func galleryConnect() []GalleryPage {
	frame := galleryFrame("Connect sites", "sites", "admin")
	frame.Who.Can["site.import"], frame.Who.Can["connect.queue"] = true, true
	script := ConnectScript{List: Field{Name: "addresses", Label: "Sites", Rows: 9, Mono: true}, Pipe: "sh connect.sh | drover sites import -",
		File: "(umask 077; sh connect.sh > sites.csv)"}
	made := script
	made.Script = "#!/bin/sh\nsite 'https://acme.example' '/srv/www/acme'\n"
	source := ConnectSource{Title: "Connect sites from MainWP", Lead: "Your MainWP dashboard lists its sites.", Action: "/connect/mainwp", Button: "List sites",
		Fields: []Field{{Name: "url", Label: "Dashboard URL", Value: "https://dashboard.example"}}, Steps: []string{"It reads the list."}, Keep: "Store it too."}
	refused := source
	refused.Fields = []Field{{Name: "url", Label: "Dashboard URL", Problem: "No MainWP dashboard that lists its sites was found."}}
	network := ConnectNetwork{Username: "mara", Sites: []NetworkSite{{Home: "https://network.example", Name: "Main", Admin: true, Chosen: true},
		{Home: "https://network.example/" + longName, Name: longName, Admin: true, Chosen: true},
		{Home: "https://shop.example", Name: arabicName,
			Finding: "On a different domain or port than the network. Select it only if it is yours: the password is sent there."},
		{Home: "https://network.example/known", Name: emojiName, Finding: "Already in the list. Selecting it replaces its credential.", SiteID: 3}}}
	wrong := script
	wrong.List.Problem = "Line 3 contains a control character. Enter it again."
	return []GalleryPage{
		{"connect over SSH", "form", ConnectScriptPage(frame, script)}, {"connect over SSH", "script", ConnectScriptPage(frame, made)},
		{"connect over SSH", "problem", ConnectScriptPage(frame, wrong)},
		{"connect from MainWP", "form", ConnectSourcePage(frame, source)}, {"connect from MainWP", "problem", ConnectSourcePage(frame, refused)},
		{"connect a network", "choose", ConnectNetworkPage(frame, network)},
	}
}
