package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/vault"
)

func auditCommand(c *config) *cobra.Command {
	return group("audit", "Read and verify the audit log", auditListCommand(c), auditVerifyCommand(c), auditCheckpointCommand(c), auditArchiveCommand(c))
}

func auditListCommand(c *config) *cobra.Command {
	var asJSON bool
	var action, subject, since string
	f := audit.Filter{Limit: 100}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the entries of the audit log, newest first",
		Example: "  drover audit list --action run.start --since 2026-01-31",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Action, f.Subject = access.Action(action), access.Subject(subject)
			if since != "" {
				at, err := time.ParseInLocation(time.DateOnly, since, time.Local)
				if err != nil {
					return usage("--since: %q is not a date; write it as 2026-01-31", since)
				}
				f.Since = at
			}
			return c.withClient(cmd.Context(), func(d client) error {
				entries, err := d.entries(cmd.Context(), f)
				if err != nil {
					return err
				}
				listEntries(cmd.OutOrStdout(), entries, asJSON)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print one JSON object per line")
	flags.StringVar(&f.Actor, "actor", "", "only by this person (part of the name is enough)")
	flags.StringVar(&action, "action", "", "only this action, such as run.start")
	flags.StringVar(&subject, "subject", "", "only about this target, such as site:12")
	flags.StringVar(&since, "since", "", "only from this date on, such as 2026-01-31")
	flags.IntVar(&f.Limit, "limit", f.Limit, "maximum number of entries")
	return cmd
}

func listEntries(out io.Writer, entries []audit.Line, asJSON bool) {
	rows := table{fixed: 2, heads: []string{"ENTRY", "WHEN", "WHO", "ACTION", "SUBJECT", "RESULT", "DETAIL"}}
	for _, e := range entries {
		if asJSON {
			printJSON(out, e)
			continue
		}
		rows.add(e.Seq, e.At.Local().Format(time.DateTime), e.Actor, e.Action, e.Subject, e.Outcome, string(e.Detail))
	}
	if !asJSON {
		rows.print(out)
	}
}

func auditVerifyCommand(c *config) *cobra.Command {
	var file, archive string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check that no entry of the audit log was changed, removed or reordered",
		Example: "  drover audit verify --checkpoint /safe/record-2026-01-31.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
				if archive != "" {
					return verifyArchive(cmd, h, archive, file)
				}
				return verifyRecord(cmd, h, file, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&archive, "archive", "", "an archive: also verify that it is intact and connects to the audit log")
	cmd.Flags().StringVar(&file, "checkpoint", "", "a checkpoint kept elsewhere: also verify that nothing up to it was rewritten")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func verifyRecord(cmd *cobra.Command, h *app, file string, asJSON bool) error {
	checkpoint, err := readCheckpoint(file)
	if err != nil {
		return err
	}
	key, err := vault.SigningKey(h.signing)
	if err != nil {
		return err
	}
	v, err := h.log.VerifySigned(cmd.Context(), key.Public().(ed25519.PublicKey), checkpoint)
	if err != nil {
		return err
	}
	if asJSON {
		printJSON(cmd.OutOrStdout(), v.Report())
	}
	if !v.Intact() {
		return fmt.Errorf("the audit log is broken at entry %d: %s; the entries before it are intact", v.Broken, v.Why)
	}
	if asJSON {
		return nil
	}
	for _, sentence := range v.Sentences() {
		fmt.Fprintln(cmd.OutOrStdout(), sentence)
	}
	if v.Anchor > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "It begins after entry %d: a signed checkpoint confirms that earlier entries are in archives.\n", v.Anchor)
	}
	if file != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "It contains everything that the checkpoint of %s covers, up to entry %d. The checkpoint is signed with the key %s.\n",
			checkpoint.At.Format(time.RFC3339), checkpoint.Seq, checkpoint.Key)
	}
	return nil
}

func auditCheckpointCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint [FILE]",
		Short: "Sign the current state of the audit log, to keep elsewhere",
		Long: "Sign the current state of the audit log. Keep the file where nobody with write access to the database can change it: with it,\ndrover audit " +
			"verify --checkpoint proves that nothing before it was changed, removed or reordered. Without FILE, it is printed.",
		Example: "  drover audit checkpoint /safe/record-2026-01-31.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withData(cmd, func(h *app) error {
				key, err := vault.SigningKey(h.signing)
				if err != nil {
					return err
				}
				checkpoint, err := h.log.Checkpoint(cmd.Context(), commandLine(), key)
				if err != nil {
					return err
				}
				text, err := json.MarshalIndent(checkpoint, "", "  ")
				if err != nil || len(args) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
					return err
				}
				file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return fmt.Errorf("cannot write %s; nothing was overwritten: %w", args[0], err)
				}
				_, err = fmt.Fprintf(file, "%s\n", text)
				return errors.Join(err, file.Close())
			})
		},
	}
}

// date reads a flag's day as its first moment in local time.
func date(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return at, usage("%s: %q is not a date; write it as 2026-01-31", flag, text)
	}
	return at, nil
}

func readCheckpoint(file string) (c audit.Checkpoint, err error) {
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return c, usage("--checkpoint: %w", err)
	}
	if c, err = audit.ReadCheckpoint(text); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func verifyArchive(cmd *cobra.Command, h *app, archive, file string) error {
	checkpoint, err := readCheckpoint(file)
	if err != nil {
		return err
	}
	text, err := os.Open(archive)
	if err != nil {
		return usage("--archive: %w", err)
	}
	defer text.Close()
	a, err := h.log.VerifyArchive(cmd.Context(), text, checkpoint)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(),
		"The archive is intact, from entry %d to %d, and connects to the audit log.\nIt was created on %s and is signed with the key %s.\n",
		a.First, a.Last, a.Checkpoint.At.Format(time.RFC3339), a.Checkpoint.Key)
	if file != "" && (checkpoint.Seq < a.First || checkpoint.Seq > a.Last) {
		return fmt.Errorf("the checkpoint is for entry %d, which is not in this archive", checkpoint.Seq)
	}
	return nil
}

func auditArchiveCommand(c *config) *cobra.Command {
	var before string
	var uncopied bool
	cmd := &cobra.Command{
		Use:   "archive --before DATE FILE",
		Short: "Move old audit log entries into a signed file",
		Long: `Move all entries from before the date out of the audit log into a new file: one JSON object per line, with a signed checkpoint as the
last line. The entries are removed only after the file is on disk. The audit log then begins at the checkpoint, and verifying it says so.
Keep the file: drover audit verify --archive proves that it is intact and connects to the audit log.`,
		Example: "  drover audit archive --before 2025-01-01 /safe/record-2024.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := date("--before", before)
			if err != nil {
				return err
			}
			if at.IsZero() {
				return usage("use --before to choose which entries to archive, such as --before 2025-01-01")
			}
			return c.withData(cmd, func(h *app) error {
				return archiveRecord(cmd, h, audit.ArchiveOrder{Before: at, File: args[0], Uncopied: uncopied})
			})
		},
	}
	cmd.Flags().BoolVar(&uncopied, "uncopied", false, "also archive entries that an audit sink (--audit-file, --audit-syslog, --audit-hook) does not have yet")
	cmd.Flags().StringVar(&before, "before", "", "archive the entries from before this date, such as 2025-01-01")
	return cmd
}

func archiveRecord(cmd *cobra.Command, h *app, order audit.ArchiveOrder) error {
	key, err := vault.SigningKey(h.signing)
	if err != nil {
		return err
	}
	a, err := h.log.Archive(cmd.Context(), commandLine(), key, order)
	if errors.Is(err, audit.ErrNotSent) {
		return exit{exitRefused, fmt.Errorf("%w; wait for it, or use --uncopied if that sink is no longer used", err)}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s contains entries %d to %d, which are no longer in the audit log. Its SHA-256 is %s.\n", order.File, a.First, a.Last,
		a.SHA256)
	return nil
}
