package sites

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/droverhq/drover/internal/spreadsheet"
)

// columnNames are the names that a column goes by in people's lists and in the exports of browsers and password managers, as columnName
// writes them; the first that a file has is taken.
var columnNames = map[string][]string{
	"url": {"url", "siteurl", "loginuri", "site", "website", "websiteurl", "siteaddress", "websiteaddress", "homeurl", "homepage", "home", "webaddress", "address",
		"link", "domain", "web", "loginurl", "wpurl", "wordpressurl",
		"adminurl",
		"domainname", "adresse", "webadresse", "webseite", "urlderwebsite", "seite", "sitio", "sitioweb", "direccion", "direccionweb", "direcciondelsitio",
		"urldelsitio", "sito", "sitoweb",
		"indirizzo", "siteweb", "enderecodosite", "endereco", "adressedusite", "urldusite", "dominio", "domaine"},
	"username": {"username", "user", "adminusername", "adminuser", "loginusername", "loginname", "adminname", "administratorusername", "admin", "login",
		"userlogin", "wpuser", "wpusername", "wordpressuser", "wordpressusername",
		"benutzername", "benutzer", "nutzername", "nutzer", "anmeldename", "identifiant", "nomdutilisateur", "utilisateur", "usuario", "nombredeusuario",
		"nomeutente", "utente", "nomedeusuario", "nomedeutilizador", "utilizador",
		"gebruikersnaam", "gebruiker", "usernameoremailaddress", "usernameoremail", "email", "emailaddress"},
	"application_password": {"applicationpassword", "apppassword", "applicationpasswords", "apppw", "apppass", "apppwd",
		"anwendungspasswort", "anwendungskennwort", "applicationpasswort", "apppasswort", "appkennwort", "motdepassedapplication", "motdepasseapplication",
		"contrasenadeaplicacion",
		"contrasenadelaaplicacion",
		"contrasenadeaplicaciones", "claveaplicacion", "passwordapplicazione", "passworddellapplicazione", "applicatiewachtwoord",
		"senhadeaplicativo", "senhadoaplicativo", "senhadeaplicacao"},
	"password": {"password", "pass", "pwd", "pw", "wppassword", "wordpresspassword", "loginpassword", "adminpassword",
		"passwort", "kennwort", "motdepasse", "contrasena", "wachtwoord", "senha"},
	"client": {"client", "clientname", "customer", "customername", "clients", "kunde", "cliente", "klant"},
	"name":   {"sitename", "sitetitle", "title", "titel", "name", "titre", "nombre", "nome", "naam"},
	"tags":   {"tags", "tag", "labels", "schlagworter", "etiquettes", "etiquetas", "etichette"},
}

// needed are the columns that a file must have.
var needed = []string{"url", "username", "application_password"}

// mostAbove bounds the lines that are looked at for the header: titles and empty rows stand above it.
const mostAbove = 20

// header is where a file's columns are.
type header struct {
	text      string // the file, without a sep= line
	offset    int    // lines taken off
	separator byte
	columns   map[string]int
	names     string // the header itself, to recognize it where files were put together; empty where the file has none
	cells     []string
	line      int
	sure      bool // every column that is needed was named, or chosen
}

// findHeader looks for the line that names the columns with each separator, the one of a sep= line first. Columns that somebody chose count before
// names. Where a needed column is named nowhere, the likeliest table is returned with a guess, and is not sure.
func findHeader(text string, chosen Columns) (header, error) {
	separators := []byte(spreadsheet.Separators)
	h := header{text: text}
	if named, rest, lines := separatorLine(text); named != 0 {
		h.text, h.offset, separators = rest, lines, append([]byte{named}, separators...)
	}
	h.text = withoutEmptyCells(h.text)
	best := h
	for _, separator := range separators {
		reader := spreadsheet.NewReader(h.text, separator)
		for range mostAbove {
			record, more := reader.Next()
			if !more {
				break
			}
			record = unwrapped(record, separator)
			at := h
			at.separator, at.cells, at.names, at.line, at.columns = separator, record.Cells, namesOf(record.Cells), record.Line, columnsOf(record.Cells)
			if columns, found := chosenColumns(record.Cells, chosen); found {
				at.columns = columns
				return at.withoutData(), nil
			}
			if len(missing(at.columns)) == 0 {
				at.sure = true
				return at, nil
			}
			if better(at, best) {
				best = at
			}
		}
	}
	if best.cells == nil {
		return header{}, fmt.Errorf("%w; the column %s is missing", ErrNoHeader, needed[0])
	}
	records := samples(best, guessedBy)
	if len(records) == 0 { // one line, and nothing above it
		records = [][]string{best.cells}
	}
	best.columns = guess(best.columns, records)
	best = best.withoutData()
	best.sure = false
	return best, nil
}

// guessedBy is how many records below the header a guess looks at.
const guessedBy = 50

// better tells whether a record is likelier to be the header: it names more, or is wider.
func better(at, than header) bool {
	if len(at.columns) != len(than.columns) {
		return len(at.columns) > len(than.columns)
	}
	return len(at.cells) > len(than.cells)
}

// withoutData is the header of a file that has none: its first record is a site already.
func (h header) withoutData() header {
	h.sure = len(missing(h.columns)) == 0
	if isData(h.cells, h.columns) {
		h.names, h.line = "", 0
	}
	return h
}

// separatorLine reads the line sep=; that Excel takes as a hint.
func separatorLine(text string) (separator byte, rest string, lines int) {
	trimmed := strings.TrimLeft(text, " \n")
	first, rest, _ := strings.Cut(trimmed, "\n")
	first = strings.ReplaceAll(first, `"`, "")
	if len(first) < 5 || !strings.EqualFold(first[:4], "sep=") || strings.Trim(first[5:], " ,;|\t") != "" {
		return 0, text, 0
	}
	return first[4], rest, strings.Count(text[:len(text)-len(trimmed)], "\n") + 1
}

// wrappedLine is a line that stands in one cell, with nothing beside it but empty cells.
var wrappedLine = regexp.MustCompile(`^("(?:[^"]|"")*")[,;\t|]+ *$`)

// withoutEmptyCells is a file without the empty cells that a program put after its lines, where it took each of them for one cell.
func withoutEmptyCells(text string) string {
	var without strings.Builder
	for line := range strings.Lines(text) {
		wrapped := wrappedLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case wrapped != nil:
			line = wrapped[1] + "\n"
		case strings.TrimSpace(line) != "":
			return text
		}
		without.WriteString(line)
	}
	return without.String()
}

// unwrapped is a record that stands in one cell as a whole: a program that expects another separator put its line in quotes when it saved it.
func unwrapped(record spreadsheet.Record, separator byte) spreadsheet.Record {
	inner := strings.Trim(strings.Join(record.Cells, ""), " ")
	if len(record.Cells) == 0 || inner != strings.Trim(record.Cells[0], " ") || strings.Count(inner, string(separator)) < len(needed)-1 {
		return record
	}
	if again, more := spreadsheet.NewReader(inner, separator).Next(); more && !again.Unclosed && len(again.Cells) >= len(needed) {
		record.Cells = again.Cells
	}
	return record
}

// columnsOf finds the columns by their names, and what is named nowhere by one of several names in a cell: Username / Email.
func columnsOf(cells []string) map[string]int {
	full, parts := map[string]int{}, map[string]int{}
	for i, cell := range cells {
		if name := columnName(cell); full[name] == 0 {
			full[name] = i + 1
		}
		for part := range strings.SplitSeq(cell, " / ") {
			if name := columnName(part); parts[name] == 0 {
				parts[name] = i + 1
			}
		}
	}
	columns := map[string]int{}
	for column, names := range columnNames {
		fillColumn(columns, column, names, full)
		if _, found := columns[column]; !found && slices.Contains(needed, column) {
			fillColumn(columns, column, names, parts)
		}
	}
	return columns
}

// fillColumn puts the column where the first of its names stands.
func fillColumn(columns map[string]int, column string, names []string, at map[string]int) {
	for _, name := range names {
		if at[name] > 0 {
			columns[column] = at[name] - 1
			return
		}
	}
}

// inBrackets is what a header explains, such as (WP) or [24 characters]. Names that begin with WordPress's own mean the same without it.
var (
	inBrackets  = regexp.MustCompile(`[(\[][^)\]]*[)\]]`)
	ofWordPress = regexp.MustCompile(`^(wordpress|wp)(.+)$`)
)

// columnName is a header without case, accents, blanks, signs and explanations.
func columnName(cell string) string {
	letters := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, norm.NFD.String(text))
	}
	name := letters(inBrackets.ReplaceAllString(cell, ""))
	if name == "" {
		name = letters(cell)
	}
	return ofWordPress.ReplaceAllString(name, "$2")
}

func namesOf(cells []string) string {
	names := make([]string, len(cells))
	for i, cell := range cells {
		names[i] = columnName(cell)
	}
	return strings.Join(names, ",")
}

// missing takes a column of any passwords for the one of application passwords: what stands in it is judged line by line.
func missing(columns map[string]int) []string {
	if _, found := columns["password"]; found {
		return slices.DeleteFunc([]string{"url", "username"}, func(name string) bool { _, found := columns[name]; return found })
	}
	return slices.DeleteFunc(slices.Clone(needed), func(name string) bool { _, found := columns[name]; return found })
}

func (h header) cell(cells []string, column string) string {
	i, found := h.columns[column]
	if !found || i >= len(cells) {
		return ""
	}
	cell := strings.TrimSpace(cells[i])
	if h.inApostrophes() {
		cell = withoutApostrophes(cell)
	}
	if inner, is := strings.CutPrefix(cell, `="`); is && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`) // how some programs keep Excel from changing a cell
	}
	switch {
	case strings.HasSuffix(column, "password"):
		return cell
	case column == "url" && !strings.HasSuffix(cell, "'"): // an apostrophe makes a text of a cell in a spreadsheet; no address begins with one
		return strings.TrimPrefix(cell, "'")
	}
	return spreadsheet.Plain(cell)
}

// inApostrophes tells whether the file has apostrophes where others have quotes, as some databases' exports do.
func (h header) inApostrophes() bool {
	return len(h.cells) > 0 && h.names != "" && !slices.ContainsFunc(h.cells, func(cell string) bool {
		cell = strings.TrimSpace(cell)
		return cell == withoutApostrophes(cell)
	})
}

func withoutApostrophes(cell string) string {
	if inner, is := strings.CutPrefix(cell, "'"); is && strings.HasSuffix(inner, "'") {
		return strings.TrimSuffix(inner, "'")
	}
	return cell
}

// password is the cell of the application password, and whether the column may hold other passwords.
func (h header) password(cells []string) (password string, mixed bool) {
	if _, named := h.columns["application_password"]; named {
		return h.cell(cells, "application_password"), false
	}
	return h.cell(cells, "password"), true
}

// isRecord tells whether a line within a quoted cell has all that a record needs.
func (h header) isRecord(cells []string) bool {
	address := h.cell(cells, "url")
	password, _ := h.password(cells)
	return strings.ContainsRune(address, '.') && !strings.ContainsRune(address, ' ') && h.cell(cells, "username") != "" && password != ""
}

// skips tells whether a record is none: empty cells, the header, here or where another file begins, and the titles above it.
func (h header) skips(record spreadsheet.Record) bool {
	filled := 0
	for _, cell := range record.Cells {
		if strings.TrimSpace(cell) != "" {
			filled++
		}
	}
	return filled == 0 || namesOf(record.Cells) == h.names || record.Line < h.line && filled < len(needed)
}
