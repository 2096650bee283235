namespace ForegSyte.Inference.Models;

/// <summary>
/// How a model's input is made and its output read. A family is code, a model is an entry of the catalogue.
/// </summary>
internal enum ModelFamily
{
    /// <summary>NanoDet with separate outputs for each stride: class scores and box distributions.</summary>
    NanoDet,

    /// <summary>CenterNet with a heat map of object centres and four distances in each cell.</summary>
    CenterNet,

    /// <summary>YOLOX as exported by Megvii: [1, cells, 5 + classes] with grid offsets still to be decoded.</summary>
    YoloX,

    /// <summary>YOLOv8, YOLO11 and kin as exported by Ultralytics: [1, 4 + classes, boxes].</summary>
    YoloV8,

    /// <summary>PaddleOCR's DB network: a probability map of text.</summary>
    PpOcrDetection,

    /// <summary>PaddleOCR's CTC recogniser of one text line.</summary>
    PpOcrRecognition,

    /// <summary>PaddleOCR's classifier of upright and upside-down lines.</summary>
    PpOcrDirection,
}
