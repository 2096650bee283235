using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineValidatorTests
{
    private static readonly ModelCatalogue Models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    [Fact]
    public void Check_AValidPipeline_FindsNothing() => Assert.Empty(PipelineValidator.Check(Valid(), Models));

    public static TheoryData<string, Action<Pipeline>, string> Broken => new()
    {
        { "pipeline id", p => p.Id = "Yolo", "The id 'Yolo' of the pipeline must be a lower-case letter" },
        { "node id", p => p.Nodes[0].Id = "de-tect", "The id 'de-tect' of a node must be" },
        { "long id", p => p.Id = new string('a', 64), "of the pipeline must be" },
        { "line feed", p => p.Id = "yolo\n", "of the pipeline must be" },
        { "no nodes", p => p.Nodes.Clear(), "The pipeline has 0 nodes; it must have 1 to 32." },
        { "33 nodes", p => p.Nodes.Add(Enumerable.Range(0, 31).Select(_ => p.Nodes[0].Clone())),
            "The pipeline has 33 nodes; it must have 1 to 32" },
        { "node twice", p => p.Nodes.Add(p.Nodes[0].Clone()), "The node id 'detect' is used more than once." },
        { "stage", p => p.Nodes[0].Stage = "detect",
            "unknown stage 'detect'; the stages are detect_objects, read_text." },
        { "role missing", p => p.Nodes[1].Models.Remove("text_recognizer"),
            "Node 'read' needs a model for the role 'text_recognizer'" },
        { "role unknown", p => p.Nodes[0].Models.Add("tracker", "nanodet_g_416"),
            "the unknown role 'tracker'; the stage detect_objects has detector." },
        { "model unknown", p => p.Nodes[0].Models["detector"] = "yolo",
            "names the model 'yolo', which is not in the model catalogue; the catalogue has centernet" },
        { "model's family", p => p.Nodes[0].Models["detector"] = "ppocr_v4_detection",
            "the family ppocr_detection the role 'detector', which accepts the families centernet, nanodet, yolov8," },
        { "threshold unknown", p => p.Nodes[0].Thresholds["text_box"] = 0.5f,
            "the unknown threshold 'text_box'; its models have confidence, iou, iou_across_classes." },
        { "threshold range", p => p.Nodes[1].Thresholds["text_unclip"] = 9,
            "sets the threshold text_unclip to 9; it must be 0 to 5." },
        { "threshold no number", p => p.Nodes[0].Thresholds["iou"] = float.NaN, "sets the threshold iou to NaN" },
        { "edge twice", p => p.Edges.Add(p.Edges[0].Clone()),
            "The edge from 'detect' to 'read' is listed more than once." },
        { "edge to an unknown node", p => p.Edges[0].To = "track",
            "The edge from 'detect' to 'track' names the unknown node 'track'." },
        { "edge without use", p => (p.Edges[0].From, p.Edges[0].To) = ("read", "detect"),
            "detect_objects does not use the output of read_text." },
        { "cycle", p => p.Edges.Add(new PipelineEdge { From = "read", To = "detect" }),
            "The edges form a cycle: detect -> read -> detect." },
        { "edge to itself", p => p.Edges.Add(new PipelineEdge { From = "read", To = "read" }),
            "The edges form a cycle: read -> read." },
        { "entry missing", p => p.EntryNodes.Clear(),
            "entry_nodes must name exactly the nodes without an incoming edge: detect." },
        { "entry too many", p => p.EntryNodes.Add("read"), "entry_nodes must name exactly" },
        { "entry unknown", p => p.EntryNodes.Add("track"), "entry_nodes names the unknown node 'track'." },
        { "entry twice", p => p.EntryNodes.Add("detect"), "entry_nodes names 'detect' more than once." },
        { "no output", p => p.OutputNodes.Clear(), "output_nodes is empty" },
        { "output unknown", p => p.OutputNodes.Add("track"), "output_nodes names the unknown node 'track'." },
        { "lost work", p => p.OutputNodes.Remove("read"), "Node 'read' leads to no output node" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Check_ABrokenRule_IsNamed(string rule, Action<Pipeline> breakIt, string expected)
    {
        var pipeline = Valid();
        breakIt(pipeline);

        var problems = PipelineValidator.Check(pipeline, Models);

        Assert.True(problems.Exists(p => p.Contains(expected, StringComparison.Ordinal)),
            $"{rule}: {string.Join(" ", problems)}");
    }

    [Fact]
    public void Check_SeveralBrokenRules_NamesThemAll()
    {
        var pipeline = Valid();
        pipeline.Id = "";
        pipeline.Nodes[0].Stage = "x";
        pipeline.OutputNodes.Clear();

        Assert.Equal(3, PipelineValidator.Check(pipeline, Models).Count);
    }

    internal static Pipeline Valid() => new()
    {
        Id = "valid",
        Nodes =
        {
            new PipelineNode { Id = "detect", Stage = "detect_objects", Models = { ["detector"] = "nanodet_g_416" } },
            new PipelineNode
            {
                Id = "read",
                Stage = "read_text",
                Models = { ["text_detector"] = "ppocr_v4_detection", ["text_recognizer"] = "ppocr_v4_recognition" },
            },
        },
        Edges = { new PipelineEdge { From = "detect", To = "read" } },
        EntryNodes = { "detect" },
        OutputNodes = { "detect", "read" },
    };
}
