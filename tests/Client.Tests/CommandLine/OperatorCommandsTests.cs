using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>undrain, usage and backup.</summary>
public sealed class OperatorCommandsTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Undrain_PrintsTheJobs()
    {
        _server.Service.Undrain.Answer(new UndrainServerResponse
        {
            Drain = new DrainStatus { State = DrainState.NotDraining, RunningJobs = 1, PendingJobs = 14 },
        });

        var run = await CommandLineRun.OnAsync(_server, "undrain");

        Assert.Equal(
            (0, "not draining: 1 running job, 14 pending; the server starts jobs\n", ""),
            (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Usage_OfSeveralPages_ListsEachTenantWithItsQuotas()
    {
        _server.Service.Usage
            .Answer(new ListTenantUsageResponse
            {
                Usage =
                {
                    new TenantUsage
                    {
                        Tenant = "acme", JobCount = 12, VideoBytes = 3L << 30, ResultBytes = 5 << 20, UploadCount = 2,
                        UploadBytes = 1 << 20, MaxVideoBytes = 4L << 30, MaxJobCount = 100,
                    },
                },
                NextPageToken = "next",
            })
            .Answer(new ListTenantUsageResponse { Usage = { new TenantUsage { JobCount = 1, VideoBytes = 512 } } });

        var run = await CommandLineRun.OnAsync(_server, "usage");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"acme +.*12 of 100 +.*3GiB of 4GiB +.*5MiB +.*2, 1MiB", run.Output);
        Assert.Matches(@"\(none\) +.*1 +.*512B +.*0B +.*0", run.Output);
        Assert.Equal(["", "next"], _server.Service.Usage.Requests.Select(request => request.PageToken));
    }

    [Fact]
    public async Task Usage_AsJson_HasTheMessages()
    {
        _server.Service.Usage.Answer(
            new ListTenantUsageResponse { Usage = { new TenantUsage { Tenant = "acme", JobCount = 3 } } });

        var run = await CommandLineRun.OnAsync(_server, "usage", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches("\"job_count\": *\"3\"", run.Output);
    }

    [Fact]
    public async Task Backup_Running_IsFollowedToItsEnd()
    {
        var backup = new Backup
        {
            BackupId = "monday",
            State = BackupState.Running,
            StartedAt = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero)),
        };
        _server.Service.Backups
            .Answer(new CreateBackupResponse { Backup = backup })
            .Answer(new CreateBackupResponse
            {
                Backup = new Backup(backup)
                {
                    State = BackupState.Completed,
                    EndedAt = backup.StartedAt + TimeSpan.FromSeconds(3).ToDuration(),
                    JobCount = 2,
                    FileCount = 6,
                    SizeBytes = 4L << 30,
                    Path = "/srv/backups/monday",
                },
            });

        var run = await CommandLineRun.OnAsync(_server, "backup", "monday");

        Assert.Equal(
            (0, "backed up: 2 jobs, 6 files, 4GiB, 0B of them copied, in 3s\nwritten to /srv/backups/monday\n", ""),
            (run.ExitCode, run.Output, run.Error));
        Assert.Equal(["monday", "monday"], _server.Service.Backups.Requests.Select(request => request.BackupId));
    }

    [Fact]
    public async Task Backup_Failed_SaysWhyAndExitsWithOne()
    {
        _server.Service.Backups.Answer(new CreateBackupResponse
        {
            Backup = new Backup { BackupId = "x", State = BackupState.Failed, Error = "The disk is full." },
        });

        var run = await CommandLineRun.OnAsync(_server, "backup");

        Assert.Equal(
            (1, "failed: The disk is full. Run the command again, without a name or with a new one.\n"),
            (run.ExitCode, run.Output));
        Assert.Matches("^[0-9]{8}T[0-9]{6}Z$", Assert.Single(_server.Service.Backups.Requests).BackupId);
    }
}
