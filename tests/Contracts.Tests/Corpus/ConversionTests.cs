using System.Text.Json;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using ForegSyte.Contracts.Tests.Examples;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.Corpus;

/// <summary>
/// Every language reads documents of this and newer versions from JSON as the same messages and writes them as JSON and
/// protobuf. docs/contracts.md lists the options.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class ConversionTests(ExamplePrograms programs)
{
    private const string Results = "foregsyte.v1.ResultsDocument";
    private const string Job = "foregsyte.v1.Job";
    private const string Pipeline = "foregsyte.v1.Pipeline";
    private const string Segment = "foregsyte.inference.v1.RunPipelineResponse";
    private const int LargeDocumentFrames = 5_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Languages => [.. Language.All.Select(language => language.Name)];

    public static MatrixTheoryData<string, string> LanguagesAndTypes =>
        new(Language.All.Select(language => language.Name), [Results, Job, Pipeline, Segment]);

    [Theory]
    [MemberData(nameof(LanguagesAndTypes))]
    public async Task Convert_EveryDocument_IsTheSameMessage(string language, string type)
    {
        var documents = CorpusDocument.Of(type);
        using var output = new TemporaryFolder();
        var run = await ConvertAsync(language, type, output, [.. documents]);
        Assert.True(run.ExitCode == 0, $"The {language} converter failed: {run.StandardError}");
        foreach (var document in documents)
        {
            var expected = CorpusDocument.Parse(type, await File.ReadAllTextAsync(document, Token));
            await AssertWrittenAsync(expected, type, output.File(Path.GetFileName(document)));
        }
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task Convert_LargeDocument_IsTheSameMessage(string language)
    {
        using var folder = new TemporaryFolder();
        var document = LargeDocument();
        await File.WriteAllTextAsync(folder.File("large.json"), ForegSyteJson.Formatter.Format(document), Token);
        using var output = new TemporaryFolder();
        var run = await ConvertAsync(language, Results, output, folder.File("large.json"));
        Assert.True(run.ExitCode == 0, $"The {language} converter failed: {run.StandardError}");
        await AssertWrittenAsync(document, Results, output.File("large.json"));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task Convert_ProtobufOfANewerVersion_KeepsUnknownFields(string language)
    {
        // Field 1000, a string, which no message of these contracts has.
        byte[] unknown = [0xC2, 0x3E, 3, (byte)'n', (byte)'e', (byte)'w'];
        byte[] bytes = [.. new Job { JobId = "x", Status = (JobStatus)99 }.ToByteArray(), .. unknown];
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.File("newer.binpb"), bytes, Token);
        using var output = new TemporaryFolder();
        var run = await ConvertAsync(language, Job, output, folder.File("newer.binpb"));
        Assert.True(run.ExitCode == 0, $"The {language} converter failed: {run.StandardError}");
        Assert.Equal(
            CorpusDocument.Parse(Job, bytes),
            CorpusDocument.Parse(Job, await File.ReadAllBytesAsync(output.File("newer.binpb"), Token)));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public async Task Convert_UnknownEnumName_IsUnspecifiedOrRefusedByName(string language)
    {
        using var output = new TemporaryFolder();
        var document = CorpusDocument.UnknownStatusName;
        var run = await ConvertAsync(language, Job, output, document);
        if (language == "python" && run.ExitCode != 0)
        {
            // protobuf 4.21 (Debian 12) ignores unknown fields but not unknown names.
            Assert.Contains("JOB_STATUS_PAUSED", run.StandardError, StringComparison.Ordinal);
            return;
        }

        Assert.True(run.ExitCode == 0, $"The {language} converter failed: {run.StandardError}");
        await AssertWrittenAsync(
            new Job { JobId = "x", QueueState = new QueueState() }, Job, output.File(Path.GetFileName(document)));
    }

    [Fact]
    public async Task Documents_HaveTheIntendedValues()
    {
        var numbers = (ResultsDocument)await ReadAsync(Results, "numbers.json");
        var detections = numbers.Results[0].Result.Detections;
        Assert.Equal([1, uint.MaxValue, 1u << 31], numbers.Results.Select(frame => frame.FrameTimestampMs));
        Assert.Equal((int.MaxValue, int.MinValue), (numbers.Results[0].FrameIndex, detections[0].ClassId));
        Assert.Equal((float.MaxValue, float.Epsilon), (detections[0].Box.X, detections[0].Confidence));
        Assert.Equal(float.NaN, detections[1].Confidence);
        Assert.Equal((float.PositiveInfinity, float.NegativeInfinity), (detections[1].Box.X, detections[1].Box.Y));
        Assert.Equal((7, 100f), (detections[2].ClassId, detections[2].Box.X));

        var job = (Job)await ReadAsync(Job, "numbers.json");
        Assert.Equal(long.MaxValue, job.Video.SizeBytes);
        Assert.Equal([long.MaxValue, 5_000_000_000, 1, 0], job.Summary.Labels.Select(label => label.DetectionCount));
        var failed = (Job)await ReadAsync(Job, "failed.json");
        Assert.Equal(ErrorReason.InferenceUnavailable, ErrorStatus.ReasonOf(failed.Error));
        Assert.Equal(
            [ErrorReason.DecoderLost, ErrorReason.Unspecified],
            failed.Attempts.Select(attempt => ErrorStatus.ReasonOf(attempt.Error)));
        Assert.Equal("W/\"AYp8XBAIiRnGB0wU9BEmzg\"", ((Job)await ReadAsync(Job, "completed.json")).Etag);
        Assert.Equal(WaitReason.BackOff, ((Job)await ReadAsync(Job, "pending.json")).QueueState.Reason);
        var parameters = ((Pipeline)await ReadAsync(Pipeline, "parameters.json")).Nodes[0].Parameters;
        Assert.Equal(
            (0.25, long.MinValue), (parameters["confidence"].DoubleValue, parameters["limit_as_text"].Int64Value));
        Assert.Equal(99, (int)((Job)await ReadAsync(Job, "unknown_status_number.json")).Status);
        var unicode = (ResultsDocument)await ReadAsync(Results, "unicode.json");
        Assert.Contains("🎥", unicode.Results[0].Result.Text, StringComparison.Ordinal);
        Assert.Equal("\0\u0001\u007f", unicode.Results[0].Result.TextRegions[1].Text);
        Assert.Equal(4, ((ResultsDocument)await ReadAsync(Results, "pedestrians.json")).Results.Count);
        Assert.Empty(((ResultsDocument)await ReadAsync(Results, "empty.json")).Results);
    }

    private static async Task<IMessage> ReadAsync(string type, string name)
    {
        var document = CorpusDocument.Of(type).Single(path => Path.GetFileName(path) == name);
        return CorpusDocument.Parse(type, await File.ReadAllTextAsync(document, Token));
    }

    private static async Task AssertWrittenAsync(IMessage expected, string type, string json)
    {
        var text = CorpusDocument.Text(expected);
        var bytes = await File.ReadAllBytesAsync(Path.ChangeExtension(json, ".binpb"), Token);
        Assert.Equal(text, CorpusDocument.Text(CorpusDocument.Parse(type, bytes)));
        Assert.Equal(
            text, CorpusDocument.Text(CorpusDocument.ParseStrictly(type, await File.ReadAllTextAsync(json, Token))));
    }

    private static ResultsDocument LargeDocument()
    {
        var document = new ResultsDocument();
        for (var index = 0; index < LargeDocumentFrames; index++)
        {
            var result = new PipelineResult { Text = $"GATE {index}\n出口" };
            for (var number = 1; number <= 4; number++)
            {
                result.Detections.Add(new Detection
                {
                    Label = "person",
                    Confidence = 1f / number,
                    Box = new BoundingBox { X = index / 7f, Y = number / 3f, Width = 0.1f, Height = 33.3f },
                });
            }

            document.Results.Add(
                new FrameResult { FrameIndex = index, FrameTimestampMs = (uint)index * 40, Result = result });
        }

        return document;
    }

    private Task<BufferedCommandResult> ConvertAsync(
        string language, string type, TemporaryFolder output, params string[] documents) => programs.RunAsync(
            Language.Of(language), example => example.Convert, [type, output.Path, .. documents]);
}

/// <summary>Messages as files, as this or a newer version of the services writes them.</summary>
internal static class CorpusDocument
{
    private static readonly string Root =
        Path.Combine(RepositoryFiles.Root, "tests", "Contracts.Tests", "Corpus", "Documents");

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(
        JobServiceReflection.Descriptor, InferenceServiceReflection.Descriptor, ResultsReflection.Descriptor);

    /// <summary>The documents of a type that all languages must read the same.</summary>
    public static IReadOnlyList<string> Of(string type) => Directory.GetFiles(Path.Combine(Root, type), "*.json");

    /// <summary>A job with unknown names of status and wait reason.</summary>
    public static string UnknownStatusName => Path.Combine(Root, "newer", "unknown_status_name.json");

    /// <summary>Parses JSON, ignoring unknown fields.</summary>
    public static IMessage Parse(string type, string json) => ForegSyteJson.Parser.Parse(json, Types.Find(type));

    /// <summary>Parses JSON; unknown fields are an error.</summary>
    public static IMessage ParseStrictly(string type, string json) =>
        ForegSyteJson.StrictParser.Parse(json, Types.Find(type));

    /// <summary>Parses protobuf.</summary>
    public static IMessage Parse(string type, byte[] bytes) => Types.Find(type).Parser.ParseFrom(bytes);

    /// <summary>
    /// Canonical text of a message, for comparison: NaN has many bit patterns, and map entries, which it sorts, have no
    /// order.
    /// </summary>
    public static string Text(IMessage message) =>
        Sorted(JsonNode.Parse(ForegSyteJson.Formatter.Format(message)))!.ToJsonString(Indented);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject entries => new JsonObject(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => KeyValuePair.Create(entry.Key, Sorted(entry.Value)))),
        JsonArray elements => new JsonArray([.. elements.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
