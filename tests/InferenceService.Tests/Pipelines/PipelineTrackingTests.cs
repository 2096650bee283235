using System.Collections.Frozen;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineTrackingTests
{
    private static readonly ModelCatalogue Models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    [Theory]
    [InlineData(null, null, 0.45, 0.45, 0.2)]
    [InlineData(null, null, 0.1, 0.1, 0.1)]
    [InlineData(0.6, null, 0.45, 0.6, 0.2)]
    [InlineData(null, 0.3, 0.45, 0.45, 0.3)]
    [InlineData(null, 0.3, 0.25, 0.25, 0.25)]
    public void Resolve_Objects_HaveTheConfidenceOfTheDetections(
        double? given, double? givenCandidate, float detections, double confidence, double candidate)
    {
        var tracking = new Tracking { Objects = new ObjectTracking(), Shots = new ShotDetection() };
        if (given is { } value)
        {
            tracking.Objects.Parameters["confidence"] = value;
        }

        if (givenCandidate is { } candidateValue)
        {
            tracking.Objects.Parameters["candidate_confidence"] = candidateValue;
        }

        var before = tracking.Clone();
        var resolved = PipelineTracking.Resolve(tracking, detections)!;

        Assert.Equal(before, tracking);
        Assert.NotNull(resolved.Shots);
        Assert.Equal(confidence, resolved.Objects.Parameters["confidence"], 6);
        Assert.Equal(candidate, resolved.Objects.Parameters["candidate_confidence"], 6);
    }

    [Fact]
    public void WithConfidence_OfAFilter_OnlyRaises()
    {
        var tracking = PipelineTracking.Resolve(new Tracking { Objects = new ObjectTracking() }, 0.45f)!;

        Assert.Same(tracking, PipelineTracking.WithConfidence(tracking, 0.3f));
        Assert.Equal(
            0.75, PipelineTracking.WithConfidence(tracking, 0.75f)!.Objects.Parameters["confidence"]);
        Assert.Equal(0.45f, tracking.Objects.Parameters["confidence"]);
        Assert.Null(PipelineTracking.WithConfidence(null, 0.75f));
    }

    [Theory]
    [InlineData(0.9f, 0.2 * 0.1 / 0.55)]
    [InlineData(1f, 0.0)]
    [InlineData(0.3f, null)]
    public void WithConfidence_OfAFilter_ScalesTheEvidence(float minConfidence, double? evidence)
    {
        var tracking = PipelineTracking.Resolve(new Tracking { Objects = new ObjectTracking() }, 0.45f)!;

        var found = PipelineTracking.WithConfidence(tracking, minConfidence)!.Objects.Parameters
            .TryGetValue("min_evidence", out var value);

        Assert.Equal((evidence is not null, evidence ?? 0), (found, Math.Round(value, 6)), Close);

        static bool Close((bool Found, double Value) a, (bool Found, double Value) b) =>
            a.Found == b.Found && Math.Abs(a.Value - b.Value) < 1e-6;
    }

    [Fact]
    public void WithConfidence_OfAPipelineWithItsOwnEvidence_ScalesThat()
    {
        var tracking = PipelineTracking.Resolve(
            new Tracking { Objects = new ObjectTracking { Parameters = { ["min_evidence"] = 1 } } }, 0.5f)!;

        Assert.Equal(
            0.5, PipelineTracking.WithConfidence(tracking, 0.75f)!.Objects.Parameters["min_evidence"], 6);
    }

    [Theory]
    [InlineData("""{ "objects": {} }""", "tracking.objects needs an output node with the stage detect_objects")]
    [InlineData("""{ }""", "tracking is empty")]
    [InlineData("""{ "shots": { "parameters": { "min_chance": 0.5 } } }""",
        "tracking.shots has the unknown parameter 'min_chance'; it has min_change, min_ratio, min_frames.")]
    [InlineData("""{ "shots": { "parameters": { "min_frames": 1.5 } } }""",
        "tracking.shots sets the parameter min_frames to 1.5; it must be a whole number of 1 to 100.")]
    public void Validate_TrackingThatCannotBe_IsOneClearProblem(string tracking, string problem)
    {
        var pipeline = Read("ocr_only");
        pipeline.Tracking = ForegSyteJson.StrictParser.Parse<Tracking>(tracking);

        Assert.StartsWith(problem, Assert.Single(PipelineValidator.Check(pipeline, Models)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "texts": {} }""", "tracking.texts needs an output node with the stage read_text")]
    [InlineData("""{ "objects": { "parameters": { "growth": -1 } } }""",
        "tracking.objects sets the parameter growth to -1; it must be 0 to 1.")]
    [InlineData("""{ "objects": { "parameters": { "max_hidden_frames": 20000 } } }""",
        "tracking.objects sets the parameter max_hidden_frames to 20000; it must be a whole number of 1 to 10,000.")]
    [InlineData("""{ "objects": { "parameters": { "confidence": 0.3, "candidate_confidence": 0.4 } } }""",
        "tracking.objects sets candidate_confidence to 0.4; it must be at most confidence, 0.3.")]
    public void Validate_TrackingOfObjectsThatCannotBe_IsOneClearProblem(string tracking, string problem)
    {
        var pipeline = Read("detect_only");
        pipeline.Tracking = ForegSyteJson.StrictParser.Parse<Tracking>(tracking);

        Assert.StartsWith(problem, Assert.Single(PipelineValidator.Check(pipeline, Models)), StringComparison.Ordinal);
    }

    /// <summary>A detector whose output is not part of the results gives nothing to follow.</summary>
    [Fact]
    public void Validate_ObjectsOfANodeThatIsNoOutput_IsAProblem()
    {
        var pipeline = Read("yolo_ocr");
        Assert.Empty(PipelineValidator.Check(pipeline, Models));

        pipeline.OutputNodes.Remove("detect");

        Assert.Contains("tracking.objects", Assert.Single(PipelineValidator.Check(pipeline, Models)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Version_DependsOnWhatDecidesTheResults()
    {
        var pipeline = Read("yolo_ocr");
        var version = Version(pipeline);
        Assert.Matches("^[0-9a-f]{64}$", version);

        var same = pipeline.Clone();
        same.Description = "Another sentence.";
        same.Version = version;
        same.Labels.Add("person");
        var reordered = same.Nodes.Single(node => node.Id == "read");
        var roles = reordered.Models.Reverse().ToList();
        reordered.Models.Clear();
        roles.ForEach(role => reordered.Models.Add(role.Key, role.Value));
        Assert.Equal(version, Version(same));

        Pipeline[] others = [.. Enumerable.Range(0, 4).Select(_ => pipeline.Clone())];
        others[0].Nodes[0].Parameters.Add("confidence", new Parameter { DoubleValue = 0.5 });
        others[1].Nodes[0].Models["detector"] = "nanodet_g_416_fp16";
        others[2].Tracking.Objects.Parameters.Add("growth", 0.3);
        others[3].OutputNodes.RemoveAt(1);
        string[] versions =
        [
            version, .. others.Select(Version), Version(Read("detect_only")),
            PipelineVersion.Of(pipeline, Models, new StageOptions { TextMaxSide = 640 }),
            PipelineVersion.Of(pipeline, WithEntry(entry => entry with { Sha256 = new string('0', 64) }), new()),
            PipelineVersion.Of(pipeline, Models.On(onGpu: true), new()),
            PipelineVersion.Of(pipeline, WithEntry(entry => entry with { InputWidth = 320 }), new()),
            PipelineVersion.Of(
                pipeline,
                WithEntry(entry => entry with
                {
                    LabelConfidence = new Dictionary<string, float> { ["car"] = 0.6f }.ToFrozenDictionary(),
                }),
                new()),
        ];
        Assert.Equal(versions.Length, versions.Distinct().Count());
    }

    private static string Version(Pipeline pipeline) => PipelineVersion.Of(pipeline, Models, new StageOptions());

    private static ModelCatalogue WithEntry(Func<ModelEntry, ModelEntry> change) =>
        Models.With([change(Models.Find("nanodet_g")!)]);

    private static Pipeline Read(string id) => PipelineJson.Parse(
        File.ReadAllText(Path.Combine(RepositoryFiles.Data, "pipelines", id + ".json")), out _);
}
