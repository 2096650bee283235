using System.Globalization;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Commands;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console.Testing;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ListCommandTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("status = PENDING OR status = FAILED", "--status", "pending,failed")]
    [InlineData("status = PENDING OR status = FAILED", "--status", "pending", "--status", "FAILED")]
    [InlineData("status = FAILED", "--status", "failed,failed")]
    [InlineData("created_at >= \"2026-01-30T00:00:00Z\"", "--since", "2026-01-30")]
    [InlineData(
        "tags:a AND status = FAILED AND created_at >= \"2026-01-30T11:30:00Z\"",
        "--filter", "tags:a", "--status", "failed", "--since", "2026-01-30T11:30:00Z")]
    public async Task List_Conditions_AreOneFilter(string expected, params string[] arguments)
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Running(1) } });

        var run = await CommandLineRun.OnAsync(_server, ["list", .. arguments]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(expected, Assert.Single(_server.Service.List.Requests).Filter);
    }

    [Theory]
    [InlineData("30m", "2026-01-31T11:30:00Z")]
    [InlineData("7d 12h", "2026-01-24T00:00:00Z")]
    [InlineData("2026-01-30T01:00:00+01:00", "2026-01-30T00:00:00Z")]
    [InlineData("7", null)]
    [InlineData("yesterday", null)]
    public void InstantOf_Since_IsATimeOrADurationBeforeNow(string text, string? expected) => Assert.Equal(
        expected is null ? null : DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture),
        ListCommand.InstantOf(text, Now));

    [Fact]
    public async Task List_MoreThanTheLimit_SaysSo()
    {
        _server.Service.List.Answer(new ListJobsResponse
        {
            Jobs = { SampleJobs.Running(1), SampleJobs.Running(2), SampleJobs.Running(3) },
        });

        var run = await CommandLineRun.OnAsync(_server, "list", "--limit", "2");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("There are more jobs than these 2. --limit 20 shows more", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("3/100", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_JobsOfSeveralTenants_ShowsReasonAndTenant()
    {
        var failed = SampleJobs.Failed();
        failed.Tenant = "north";
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { failed, SampleJobs.Running(1) } });

        var run = await CommandLineRun.OnAsync(_server, "list");

        Assert.Contains("UNDECODABLE_VIDEO", run.Output, StringComparison.Ordinal);
        Assert.Matches("Reason .* Tenant ", run.Output);
        Assert.Contains("north", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Watch_ListsUntilTheInterruption()
    {
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken);
        _server.Service.List.Always(async (_, _) =>
        {
            if (_server.Service.List.Requests.Count > 1)
            {
                await interruption.CancelAsync();
            }

            return new ListJobsResponse { Jobs = { SampleJobs.Running(7) } };
        });

        var run = await CommandLineRun.StartAsync(
            ["list", "--watch", "--server", _server.Address.ToString()], interruption.Token);

        Assert.Equal(5, run.ExitCode);
        Assert.Contains("7/100", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, _server.Service.List.Requests.Count);
    }

    /// <summary>An id over two lines cannot be copied.</summary>
    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    public void Write_AnyWidth_HasOneLineForEachJob(int width)
    {
        var job = SampleJobs.Failed();
        job.DisplayName = string.Concat(Enumerable.Repeat("north gate ", 20));
        using var console = new TestConsole().Width(width);

        JobTable.Write(console, [job, SampleJobs.Running(1)], Now + TimeSpan.FromHours(1));

        var rows = console.Lines.Where(line => line.Contains(" ago", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, line => Assert.Contains(SampleJobs.Id[..8], line, StringComparison.Ordinal));
        Assert.Contains("UNDECODABLE_VIDEO", console.Output, StringComparison.Ordinal);
        Assert.All(console.Lines, line => Assert.InRange(line.TrimEnd().Length, 0, width));
    }

    [Theory]
    [InlineData(-5, "now")]
    [InlineData(0.5, "now")]
    [InlineData(9.8, "9s ago")]
    [InlineData(252, "4m 12s ago")]
    [InlineData(183_600, "2d 3h ago")]
    public void Ago_Time_IsRelative(double seconds, string expected) => Assert.Equal(
        expected, JobTable.Ago(Timestamp.FromDateTimeOffset(Now - TimeSpan.FromSeconds(seconds)), Now));

    [Fact]
    public void Shorten_SimilarIds_KeepsThemApart() => Assert.Equal(
        ["3f0c1c6e-6f3a", "3f0c1c6e-6f3b"],
        JobIds.Shorten(
            ["3f0c1c6e-6f3a-4f0e-9a52-0d4d1f1a2b3c", "3f0c1c6e-6f3b-4f0e-9a52-0d4d1f1a2b3c"]).Values);
}
