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
    public void Check_ASoundPipeline_FindsNothing() => Assert.Empty(PipelineValidator.Check(Sound(), Models));

    public static TheoryData<string, Action<Pipeline>, string> Broken => new()
    {
        { "pipeline id", p => p.Id = "Yolo", "The id 'Yolo' of the pipeline has to be a lower-case letter" },
        { "node id", p => p.Nodes[0].Id = "de-tect", "The id 'de-tect' of a node has to be" },
        { "long id", p => p.Id = new string('a', 64), "of the pipeline has to be" },
        { "line feed", p => p.Id = "yolo\n", "of the pipeline has to be" },
        { "no nodes", p => p.Nodes.Clear(), "It has 0 nodes; 1 to 32 are allowed." },
        { "33 nodes", p => p.Nodes.Add(Enumerable.Range(0, 31).Select(_ => p.Nodes[0].Clone())),
            "It has 33 nodes; 1 to 32" },
        { "node twice", p => p.Nodes.Add(p.Nodes[0].Clone()), "The node id 'detect' is used more than once." },
        { "stage", p => p.Nodes[0].Stage = "detect", "unknown stage 'detect'; there are detect_objects, read_text." },
        { "role missing", p => p.Nodes[1].Models.Remove("text_recognizer"),
            "Node 'read' needs a model for the role 'text_recognizer'" },
        { "role unknown", p => p.Nodes[0].Models.Add("tracker", "nanodet_g_416"),
            "the unknown role 'tracker'; the stage detect_objects has detector." },
        { "model unknown", p => p.Nodes[0].Models["detector"] = "yolo",
            "names the model 'yolo', which the model catalogue does not have; it has centernet" },
        { "model's family", p => p.Nodes[0].Models["detector"] = "ppocr_v4_detection",
            "of the family ppocr_detection the role 'detector', which takes the families centernet, nanodet, yolov8," },
        { "threshold unknown", p => p.Nodes[0].Thresholds["text_box"] = 0.5f,
            "the unknown threshold 'text_box'; its models have confidence, iou, iou_across_classes." },
        { "threshold range", p => p.Nodes[1].Thresholds["text_unclip"] = 9,
            "sets the threshold text_unclip to 9; it has to be 0 to 5." },
        { "threshold no number", p => p.Nodes[0].Thresholds["iou"] = float.NaN, "sets the threshold iou to NaN" },
        { "edge twice", p => p.Edges.Add(p.Edges[0].Clone()),
            "The edge from 'detect' to 'read' is there more than once." },
        { "edge to nobody", p => p.Edges[0].To = "track",
            "The edge from 'detect' to 'track' names the unknown node 'track'." },
        { "edge that is no use", p => (p.Edges[0].From, p.Edges[0].To) = ("read", "detect"),
            "detect_objects makes no use of the output of read_text." },
        { "cycle", p => p.Edges.Add(new PipelineEdge { From = "read", To = "detect" }),
            "The edges form a cycle: detect -> read -> detect." },
        { "edge to itself", p => p.Edges.Add(new PipelineEdge { From = "read", To = "read" }),
            "The edges form a cycle: read -> read." },
        { "entry missing", p => p.EntryNodes.Clear(),
            "entry_nodes has to name exactly the nodes that no edge leads to: detect." },
        { "entry too many", p => p.EntryNodes.Add("read"), "entry_nodes has to name exactly" },
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
        var pipeline = Sound();
        breakIt(pipeline);

        var problems = PipelineValidator.Check(pipeline, Models);

        Assert.True(problems.Exists(p => p.Contains(expected, StringComparison.Ordinal)),
            $"{rule}: {string.Join(" ", problems)}");
    }

    [Fact]
    public void Check_SeveralBrokenRules_NamesThemAll()
    {
        var pipeline = Sound();
        pipeline.Id = "";
        pipeline.Nodes[0].Stage = "x";
        pipeline.OutputNodes.Clear();

        Assert.Equal(3, PipelineValidator.Check(pipeline, Models).Count);
    }

    internal static Pipeline Sound() => new()
    {
        Id = "sound",
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
