using System.Text.Json;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>Texts of a hostile server or of other callers do nothing to the terminal.</summary>
public sealed class HostileTextTests : IAsyncLifetime
{
    private const string Hostile = "a\u001b[2J\u009bb\u202ec\u2066d\u2028e\u200bf\u200eg";

    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("get")]
    [InlineData("get", "--json")]
    [InlineData("get", "--verbose")]
    [InlineData("wait", "--json")]
    [InlineData("list")]
    [InlineData("list", "--json")]
    [InlineData("results")]
    [InlineData("results", "--json")]
    [InlineData("diagnose")]
    [InlineData("diagnose", "--json")]
    public async Task Output_OfEveryCommand_HasNoUnsafeCharacter(string command, params string[] options)
    {
        var job = HostileJob();
        var frame = SampleJobs.Frame(0);
        frame.Result.TextRegions.Add(new TextRegion { Text = Hostile });
        frame.Result.Detections.Add(new Detection { Label = Hostile });
        _server.Service.Get.Answer(new GetJobResponse { Job = job });
        _server.Service.Wait.Answer(SampleJobs.Changed(job));
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { job } });
        _server.Service.Results.Answer(new GetJobResultsResponse { Results = { frame } });
        _server.Service.Diagnose.Answer(new DiagnoseJobResponse
        {
            Diagnosis = new JobDiagnosis
            {
                Job = job,
                Explanation = Hostile,
                TraceId = Hostile,
                DecoderOutput = Hostile,
                WebhookDeliveries = { new WebhookDelivery { Uri = Hostile, ErrorMessage = Hostile } },
            },
        });
        string[] ids = command == "list" ? [] : [SampleJobs.Id];

        var run = await CommandLineRun.OnAsync(_server, [command, .. ids, .. options]);

        AssertSafe(run.Output);
        AssertSafe(run.Error);
        Assert.Contains("\\u202ec", run.Output, StringComparison.Ordinal);
        if (options.Contains("--json"))
        {
            JsonDocument.Parse(run.Output).Dispose();
        }
    }

    [Fact]
    public async Task Get_JsonOfHostileTexts_IsTheSameJob()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = HostileJob() });

        var run = await CommandLineRun.OnAsync(_server, "get", SampleJobs.Id, "--json");

        Assert.Equal(HostileJob(), ForegSyteJson.StrictParser.Parse<Job>(run.Output));
    }

    /// <summary>--verbose prints a whole exception, with the text of the server.</summary>
    [Fact]
    public void Write_VerboseFailure_HasNoUnsafeCharacter()
    {
        using var output = new StringWriter();

        ErrorReport.Write(
            Consoles.Open(output, isTerminal: false), new InvalidOperationException(Hostile), verbose: true);

        AssertSafe(output.ToString());
        Assert.Contains("InvalidOperationException: a\\u001b[2J\\u009bb", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Console_AnyText_IsEscapedAndItsColorsStay()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.Standard,
        });
        console.Pipeline.Attach(new ForegSyte.CommandLine.Output.SafeTextHook());

        console.WriteLine("a\u001b[2Jb", new Style(Color.Red));

        Assert.Contains("a\\u001b[2Jb", output.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("\u001b[", output.ToString(), StringComparison.Ordinal);
    }

    private static Job HostileJob()
    {
        var job = SampleJobs.Failed();
        job.DisplayName = Hostile;
        job.PipelineId = Hostile;
        job.ErrorMessage = Hostile;
        job.Tags["key"] = Hostile;
        return job;
    }

    private static void AssertSafe(string text) => Assert.All(
        text.Split('\n'), line => Assert.Equal(ControlCharacters.Escape(line), line));
}
