using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Models;

/// <summary>The default thresholds, written down a second time from their sources.</summary>
public sealed class ShippedThresholdsTests
{
    /// <summary>The measured values of docs/models.md, "Why these defaults".</summary>
    [Theory]
    [InlineData("nanodet_g_416", "confidence", 0.45f)]
    [InlineData("nanodet_g_416", "iou", 0.45f)]
    [InlineData("nanodet_g_416_fp16", "confidence", 0.45f)]
    [InlineData("nanodet_g_416_fp16", "iou", 0.45f)]
    [InlineData("nanodet_g_416_int8", "confidence", 0.45f)]
    [InlineData("nanodet_g_416_int8", "iou", 0.45f)]
    [InlineData("centernet_mbv3_512", "confidence", 0.4f)]
    [InlineData("centernet_mbv3_512", "iou", 0.6f)]
    [InlineData("ppocr_v4_detection", "text_pixel", 0.3f)]
    [InlineData("ppocr_v4_detection", "text_box", 0.6f)]
    [InlineData("ppocr_v4_detection", "text_unclip", 2f)]
    [InlineData("ppocr_v4_detection", "text_join", 0.5f)]
    [InlineData("ppocr_v4_recognition", "confidence", 0.5f)]
    [InlineData("ppocr_v2_direction", "text_rotation", 0.5f)]
    public void Catalogue_Threshold_IsTheMeasuredOne(string model, string threshold, float expected)
    {
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

        Assert.Equal(expected, catalogue.Find(model)!.Thresholds[threshold]);
    }

    /// <summary>
    /// YOLOX demo (--conf 0.3, --nms 0.45), Ultralytics predict (conf 0.25), the NanoDet and CenterNet demos, PaddleOCR
    /// (tools/infer/utility.py: det_db_thresh, det_db_box_thresh, det_db_unclip_ratio, drop_score, cls_thresh).
    /// </summary>
    [Theory]
    [InlineData("nanodet", "confidence", 0.4)]
    [InlineData("nanodet", "iou", 0.6)]
    [InlineData("centernet", "confidence", 0.3)]
    [InlineData("centernet", "iou", 0.6)]
    [InlineData("yolox", "confidence", 0.3)]
    [InlineData("yolox", "iou", 0.45)]
    [InlineData("yolov8", "confidence", 0.25)]
    [InlineData("yolov8", "iou", 0.45)]
    [InlineData("ppocr_detection", "text_pixel", 0.3)]
    [InlineData("ppocr_detection", "text_box", 0.6)]
    [InlineData("ppocr_detection", "text_unclip", 1.5)]
    [InlineData("ppocr_detection", "text_join", 0.5)]
    [InlineData("ppocr_recognition", "confidence", 0.5)]
    [InlineData("ppocr_direction", "text_rotation", 0.5)]
    public void Family_DefaultThreshold_IsThatOfItsProject(string family, string threshold, double expected) =>
        Assert.Equal(
            expected, FamilyRules.ByName[family].Thresholds.Single(rule => rule.Name == threshold).Default);

    [Fact]
    public void Family_OverlapAcrossClasses_HasNoDefaultOfItsOwn() => Assert.All(
        FamilyRules.ByName.Values.Where(rules => rules.Role == ModelRole.Detector),
        rules => Assert.Null(rules.Thresholds.Single(rule => rule.Name == "iou_across_classes").Default));
}
