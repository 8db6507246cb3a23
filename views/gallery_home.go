package views

import "time"

// homeGallery is every state of the first page.
func homeGallery() []GalleryPage {
	frame := galleryFrame("Home", "home", "admin")
	first := HomePage{Frame: frame, Sites: HomeSites{Total: 3, Unchecked: 3}}
	well := HomePage{Frame: frame, Sites: HomeSites{Total: 412, Ready: 412}, Connected: true, HasRun: true, Recent: galleryRunRows(3)[1:], Days: galleryDays(7)}
	attention := HomePage{Frame: frame, Sites: HomeSites{Total: 5000, Ready: 4790, Warning: 150, Broken: 41, Unchecked: 19, Administrators: 12}, Connected: true,
		HasRun: true, Days: galleryDays(30)}
	rows := galleryRunRows(9)
	attention.Under, attention.Recent = rows[:1], rows[1:6]
	attention.Trouble = []RunRow{rows[2], rows[5]}
	faulted := galleryRunRows(3)[0]
	faulted.Fault = "Drover could not process some of the sites. Check the server log, then rerun these sites."
	attention.Faulted = []RunRow{faulted}
	viewer := HomePage{Frame: galleryFrame("Home", "home", "viewer")}
	return []GalleryPage{
		{Name: "home", State: "empty", Component: Home(HomePage{Frame: frame})}, {Name: "home", State: "empty, no permission", Component: Home(viewer)},
		{Name: "home", State: "sites, no runs", Component: Home(first)}, {Name: "home", State: "nothing needs attention", Component: Home(well)},
		{Name: "home", State: "many need attention", Component: Home(attention)},
	}
}

func galleryDays(n int) []HomeDay {
	days := make([]HomeDay, n)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i := range days {
		days[i].Day = today.AddDate(0, 0, i-n+1)
		if busy := i * 7 % 11; busy > 1 {
			days[i].Runs = busy
			days[i].Counts = RunCounts{OK: 420 * busy, Skipped: 9 * busy, Partial: 6 * (i % 3), Failed: 37 * (i % 4), Unknown: 11 * (i % 2)}
		}
	}
	return days
}
