package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// What a preview of as many lines as an import may have is to take.
const (
	previewLines = 20_000
	previewLimit = 3 * time.Second
	previewMB    = 200
)

var previewHeader = []string{"Site URL", "Admin username", "Application Password", "Client", "Tags"}

func previewLine(i int) []string {
	return []string{fmt.Sprintf("https://www.site-%05d.example/blog", i), fmt.Sprintf("editor-%d@agency.example", i),
		fmt.Sprintf("%04d EFGH 1234 ijkl MNOP %04d", i%10_000, i/3),
		fmt.Sprintf("Client %d", i%400), fmt.Sprintf("tag-%d; shop", i%60)}
}

func writePreviewCSV(b *testing.B, path string) {
	b.Helper()
	var text strings.Builder
	text.WriteString(strings.Join(previewHeader, ",") + "\n")
	for i := range previewLines {
		text.WriteString(strings.Join(previewLine(i), ",") + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}

func writePreviewXLSX(b *testing.B, path string) {
	b.Helper()
	book := excelize.NewFile()
	sheet, err := book.NewStreamWriter("Sheet1")
	for i := -1; i < previewLines && err == nil; i++ {
		cells := previewHeader
		if i >= 0 {
			cells = previewLine(i)
		}
		row := make([]any, len(cells))
		for n, cell := range cells {
			row[n] = cell
		}
		err = sheet.SetRow(fmt.Sprintf("A%d", i+2), row)
	}
	if err == nil {
		err = sheet.Flush()
	}
	if err == nil {
		err = book.SaveAs(path)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkImportPreview previews the largest import that is taken, with the whole command: into an empty list, and into one that has all the sites.
func BenchmarkImportPreview(b *testing.B) {
	for kind, write := range map[string]func(*testing.B, string){"csv": writePreviewCSV, "xlsx": writePreviewXLSX} {
		for _, known := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/known=%v", kind, known), func(b *testing.B) {
				f := fleet{dir: b.TempDir()}
				f.env = []string{"DROVER_DATA=" + filepath.Join(f.dir, "data")}
				write(b, f.path("sites."+kind))
				if known {
					timed(b, f.drover("sites", "import", f.path("sites."+kind)))
				}
				var took []time.Duration
				most := int64(0)
				for b.Loop() {
					command := f.drover("sites", "import", f.path("sites."+kind), "--preview")
					took = append(took, timed(b, command))
					if usage, is := command.ProcessState.SysUsage().(*syscall.Rusage); is {
						most = max(most, usage.Maxrss/1024)
					}
				}
				b.ReportMetric(median(took).Seconds(), "s")
				b.ReportMetric(median(took).Seconds()/previewLimit.Seconds(), "time/limit")
				b.ReportMetric(float64(most), "peak-MB")
				b.ReportMetric(float64(most)/previewMB, "peak/limit")
			})
		}
	}
}
