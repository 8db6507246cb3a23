package views

import "time"

// Rotation is the replacement of one site's application password.
type Rotation struct {
	SiteID           int64
	Name, Home, Host string
	Client, Username string
	CredentialAt     time.Time
	State            string // looking, can_rotate, cannot_rotate, rotating, revoking, rotated, not_rotated, unrevoked
	Finding, Fix     string
	NextAt           time.Time // when it is tried again; zero where it does not wait
	AskedBy          string
	At               time.Time
	Reconnect        bool // only a person can help, by approving in WordPress
}

// profileURL is where the user's application passwords are revoked.
func (r Rotation) profileURL() string { return profileURL(r.Home) }

func profileURL(home string) string {
	return home + "/wp-admin/profile.php#application-passwords-section"
}

// RotationPage is the list of rotations.
type RotationPage struct {
	Rows      []Rotation
	Pages     Pages
	Counts    map[string]int // by state
	UnderWay  int
	Reconnect []int64 // sites whose credential does not work
	Days      int     // after which credentials are old; 0: never
}

func (p RotationPage) ready() int { return p.Counts["can_rotate"] }

func (p RotationPage) over() int { return p.Pages.Total - p.UnderWay }

func (p RotationPage) bar() Bar {
	return Bar{OK: p.Counts["rotated"], Partial: p.Counts["unrevoked"], Failed: p.Counts["cannot_rotate"] + p.Counts["not_rotated"],
		Rest: p.ready() + p.UnderWay}
}

// galleryRotation draws the list of rotations.
func galleryRotation() []GalleryPage {
	frame := galleryFrame("Rotate application passwords", "sites", "admin")
	frame.Who.Can["site.rotate"], frame.Who.Can["connect.queue"] = true, true
	now := time.Now()
	row := func(id int64, name, state, finding, fix string) Rotation {
		return Rotation{SiteID: id, Name: name, Home: "https://acme.example", Host: "acme.example", Client: "Acme", Username: "drover", State: state,
			Finding: finding, Fix: fix, CredentialAt: now.AddDate(0, 0, -97), At: now.Add(-time.Minute), AskedBy: "Mara"}
	}
	revoked := row(2, longName, "cannot_rotate", "WordPress did not accept the username or the application password.", "Connect the site again in WordPress.")
	revoked.Reconnect = true
	waits := row(5, arabicName, "rotating", "The site did not respond in time.", "")
	waits.NextAt = now.Add(4 * time.Minute)
	rows := []Rotation{row(1, "Acme", "can_rotate", "", ""), revoked, row(3, "Nordwind", "unrevoked", "The user cannot revoke passwords.",
		"Revoke the old password in WordPress."), row(4, emojiName, "rotated", "", ""), waits}
	return []GalleryPage{
		{"rotation", "empty", Rotations(frame, RotationPage{Days: 90, Pages: Pages{Page: 1, Per: 50, Path: "/rotation"}})},
		{"rotation", "some of each", Rotations(frame, RotationPage{Rows: rows, Days: 90, UnderWay: 1, Reconnect: []int64{2},
			Counts: map[string]int{"can_rotate": 1, "cannot_rotate": 1, "unrevoked": 1, "rotated": 1, "rotating": 1},
			Pages:  Pages{Page: 1, Per: 50, Total: len(rows), Path: "/rotation"}})},
		{"settings", "sites", UpkeepSettings(galleryFrame("Sites", "settings", "admin"), []Field{{Name: "credential_days",
			Label: "Application passwords are old after (days)", Type: "number", Value: "90", Required: true}})},
	}
}
