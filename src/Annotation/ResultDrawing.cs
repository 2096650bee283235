using System.Globalization;
using System.Text;
using ForegSyte.V1;
using Wcwidth;

namespace ForegSyte.Annotation;

/// <summary>
/// Draws the results of a frame as events of an ASS script: a box with label and confidence for each detection, with
/// the id and the color of its track if it has one, and an outline with the text for each text region. Interpolated
/// boxes are dashed, held results (see <see cref="HeldResult"/>) dimmed and dashed. A damaged frame has a red edge with
/// a label.
/// </summary>
/// <remarks>
/// Labels do not cover each other (<see cref="LabelPlacement"/>). Their font has one width for all Latin, Greek and
/// Cyrillic letters, so that their size is known; letters that it lacks come from the fonts of the system.
/// </remarks>
internal sealed class ResultDrawing
{
    /// <summary>Maximum number of labels in a frame; further shapes have their color only.</summary>
    public const int MaxLabels = 100;

    private const int MaxLabelCells = 48;

    // Units of 2048 that a letter of DejaVu Sans Mono is wide.
    private const double CellWidthOfEm = 1233.0 / 2048;

    private const string HeldAlpha = "&H7D&";
    private const int ShapeLayer = 0;
    private const int LabelLayer = 1;
    private const int TextLayer = 2;

    private readonly int _width;
    private readonly int _height;
    private readonly double _cellWidth;
    private readonly double _padding;
    private readonly double _labelHeight;

    /// <summary>Creates a drawing whose lines and letters scale with the size of the frames.</summary>
    public ResultDrawing(int width, int height)
    {
        (_width, _height) = (width, height);
        EmHeight = Math.Clamp(Math.Min(width, height) / 38.0, 10, 96);
        StrokeWidth = Math.Min(width, height) < 32 ? 1 : Math.Max(2, Math.Round(EmHeight / 5));
        _cellWidth = EmHeight * CellWidthOfEm;
        _padding = EmHeight / 4;
        _labelHeight = Math.Ceiling(EmHeight * 1.25);
    }

    /// <summary>Height of the letters' em square in pixels.</summary>
    public double EmHeight { get; }

    /// <summary>Width of outlines in pixels.</summary>
    public double StrokeWidth { get; }

    /// <summary>Writes the events for one span of results.</summary>
    /// <param name="script">The script.</param>
    /// <param name="result">The results.</param>
    /// <param name="isHeld">Whether the frames were not analyzed and show the results of an earlier one.</param>
    /// <param name="from">When they appear, in half ticks.</param>
    /// <param name="to">When they disappear, in half ticks.</param>
    /// <param name="isDamaged">Whether the picture of the frame has defects.</param>
    public void Write(
        AssScript script, PipelineResult result, bool isHeld, long from, long to, bool isDamaged = false)
    {
        var shapes = ShapesOf(result);
        if (isDamaged)
        {
            shapes.Insert(0, EdgeOfFrame());
        }

        var places = PlaceLabels(shapes);
        var alpha = isHeld ? $@"\1a{HeldAlpha}" : "";

        // The most confident detection comes last, on top of the others.
        foreach (var color in shapes.Select(shape => shape.Color).Distinct().Reverse())
        {
            var outlines = new AssDrawing();
            var backgrounds = new AssDrawing();
            for (var i = 0; i < shapes.Count; i++)
            {
                if (shapes[i].Color != color)
                {
                    continue;
                }

                AddOutline(outlines, shapes[i], isHeld || shapes[i].IsInterpolated);
                if (places[i] is { } place)
                {
                    backgrounds.Add(place);
                    AddLeader(outlines, shapes[i].Bounds, place);
                }
            }

            WriteDrawing(ShapeLayer, outlines, color);
            WriteDrawing(LabelLayer, backgrounds, color);
        }

        for (var i = 0; i < shapes.Count; i++)
        {
            if (places[i] is { } place)
            {
                script.WriteEvent(TextLayer, from, to, TextOf(shapes[i], place, alpha));
            }
        }

        void WriteDrawing(int layer, AssDrawing drawing, Rgb color)
        {
            if (!drawing.IsEmpty)
            {
                script.WriteEvent(
                    layer, from, to, $@"{{\pos(0,0)\1c{color.ToAss()}{alpha}\p{AssDrawing.Scale}}}{drawing}");
            }
        }
    }

    /// <summary>
    /// Puts a label on one line of at most this many cells, of which a wide letter takes two, without the characters
    /// that a font does not show or that reorder the others.
    /// </summary>
    internal static string Shorten(string text, int maxCells)
    {
        var shown = new StringBuilder(text.Length);
        var cells = 0;
        foreach (var rune in SafeLetters(text.ReplaceLineEndings(" ").Trim()))
        {
            var letter = rune.ToString();
            cells += CellsOf(letter);
            if (cells > maxCells)
            {
                while (shown.Length > 0 && CellsOf(shown.ToString()) > maxCells - 1)
                {
                    shown.Length -= char.IsLowSurrogate(shown[^1]) ? 2 : 1;
                }

                return shown.Append('…').ToString();
            }

            shown.Append(letter);
        }

        return shown.ToString();
    }

    private static IEnumerable<Rune> SafeLetters(string text) => text.EnumerateRunes()
        .Where(rune => Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned));

    private static int CellsOf(string text) =>
        text.EnumerateRunes().Sum(rune => Math.Max(0, UnicodeCalculator.GetWidth(rune)));

    private static List<Shape> ShapesOf(PipelineResult result)
    {
        var shapes = new List<Shape>(result.Detections.Count + result.InterpolatedDetections.Count
            + result.TextRegions.Count);
        foreach (var region in result.TextRegions.Where(region => region.Polygon.Count > 0))
        {
            (double X, double Y)[] corners = [.. region.Polygon.Select(point => ((double)point.X, (double)point.Y))];
            shapes.Add(new Shape(corners, LabelColors.Text, region.Text, IsText: true));
        }

        shapes.AddRange(result.InterpolatedDetections.Where(detection => detection.Box is not null)
            .Select(detection => ShapeOf(detection, isInterpolated: true)));
        shapes.AddRange(result.Detections.Where(detection => detection.Box is not null)
            .Select(detection => ShapeOf(detection, isInterpolated: false)));
        return shapes;
    }

    private Shape EdgeOfFrame()
    {
        var inset = StrokeWidth / 2;
        return new Shape(
            [(inset, inset), (_width - inset, inset), (_width - inset, _height - inset), (inset, _height - inset)],
            LabelColors.Damaged, "damaged picture", IsText: false);
    }

    private static Shape ShapeOf(Detection detection, bool isInterpolated)
    {
        // Whole pixels, so that the edges are sharp.
        double left = Math.Round(detection.Box.X), top = Math.Round(detection.Box.Y);
        double right = Math.Round(detection.Box.X + detection.Box.Width);
        double bottom = Math.Round(detection.Box.Y + detection.Box.Height);
        var id = detection.TrackId > 0
            ? string.Create(CultureInfo.InvariantCulture, $" #{detection.TrackId}")
            : "";
        var confidence = isInterpolated
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" {detection.Confidence * 100:0}%");
        return new Shape(
            [(left, top), (right, top), (right, bottom), (left, bottom)],
            detection.TrackId > 0 ? LabelColors.OfTrack(detection.TrackId) : LabelColors.Of(detection.Label),
            detection.Label + id + confidence,
            IsText: false,
            isInterpolated);
    }

    /// <summary>
    /// Places the labels from the top of the frame to its bottom. The order of confidence would make labels jump
    /// whenever two objects change places in it.
    /// </summary>
    private Area?[] PlaceLabels(List<Shape> shapes)
    {
        var order = Enumerable.Range(0, shapes.Count).Take(MaxLabels)
            .OrderBy(i => shapes[i].Bounds.Top).ThenBy(i => shapes[i].Bounds.Left).ToArray();
        var requests = order.Select(i => RequestFor(shapes[i])).ToArray();
        var found = LabelPlacement.Place(requests, _width, _height);
        var places = new Area?[shapes.Count];
        for (var i = 0; i < order.Length; i++)
        {
            places[order[i]] = requests[i].Width > 0 ? found[i] : null;
        }

        return places;
    }

    private LabelRequest RequestFor(Shape shape)
    {
        var cells = CellsOf(LabelOf(shape));
        return new LabelRequest(
            shape.OuterBounds(StrokeWidth),
            cells == 0 ? 0 : Math.Ceiling((cells * _cellWidth) + (2 * _padding)),
            cells == 0 ? 0 : _labelHeight,
            shape.IsText);
    }

    /// <summary>The label, as much of it as the frame has room for.</summary>
    private string LabelOf(Shape shape)
    {
        var fitting = (int)Math.Floor((_width - (2 * _padding)) / _cellWidth);
        return fitting < 2 ? "" : Shorten(shape.Label, Math.Min(MaxLabelCells, fitting));
    }

    private void AddOutline(AssDrawing drawing, Shape shape, bool isDashed)
    {
        for (var i = 0; i < shape.Corners.Length; i++)
        {
            var (from, to) = (shape.Corners[i], shape.Corners[(i + 1) % shape.Corners.Length]);
            drawing.AddLine(from, to, StrokeWidth, isDashed ? StrokeWidth * 3 : null);
        }
    }

    /// <summary>Connects a label that had to move away with its shape.</summary>
    private void AddLeader(AssDrawing drawing, Area shape, Area label)
    {
        var gap = StrokeWidth + 1;
        var near = new Area(
            shape.Left - gap, shape.Top - gap, shape.Width + (2 * gap), shape.Height + (2 * gap));
        if (label.Overlaps(near))
        {
            return;
        }

        var from = (
            Math.Clamp(label.Left + (label.Width / 2), shape.Left, shape.Right),
            Math.Clamp(label.Top + (label.Height / 2), shape.Top, shape.Bottom));
        var to = (
            Math.Clamp(from.Item1, label.Left, label.Right), Math.Clamp(from.Item2, label.Top, label.Bottom));
        drawing.AddLine(from, to, Math.Max(1, StrokeWidth / 2), dash: null);
    }

    private string TextOf(Shape shape, Area place, string alpha)
    {
        var ink = LabelColors.ReadableOn(shape.Color);
        // Letters of other fonts may be wider than their cells.
        return string.Create(
            CultureInfo.InvariantCulture,
            $@"{{\pos({place.Left + _padding:0.##},{place.Top + (EmHeight / 24):0.##})\1c{ink.ToAss()}{alpha}"
            + $@"\clip({place.Left:0},{place.Top:0},{place.Right:0},{place.Bottom:0})}}"
            + $"{AssScript.Escape(LabelOf(shape))}");
    }

    /// <param name="Corners">Corners of the outline, in order.</param>
    /// <param name="Color">Color of outline and label.</param>
    /// <param name="Label">Text of the label.</param>
    /// <param name="IsText">Whether it is a text region.</param>
    /// <param name="IsInterpolated">Whether nothing was detected there in this frame.</param>
    private sealed record Shape(
        (double X, double Y)[] Corners, Rgb Color, string Label, bool IsText, bool IsInterpolated = false)
    {
        public Area Bounds { get; } = new(
            Corners.Min(corner => corner.X),
            Corners.Min(corner => corner.Y),
            Corners.Max(corner => corner.X) - Corners.Min(corner => corner.X),
            Corners.Max(corner => corner.Y) - Corners.Min(corner => corner.Y));

        /// <summary>Bounds with the outline, which is centered on the corners.</summary>
        public Area OuterBounds(double strokeWidth)
        {
            var half = strokeWidth / 2;
            return new Area(
                Math.Floor(Bounds.Left - half),
                Math.Floor(Bounds.Top - half),
                Math.Ceiling(Bounds.Width + strokeWidth),
                Math.Ceiling(Bounds.Height + strokeWidth));
        }
    }
}

/// <summary>A drawing in the language of ASS: filled polygons, all in one direction, so that they add up.</summary>
internal sealed class AssDrawing
{
    /// <summary>Precision of coordinates: they are in units of 2^-(n-1) pixels.</summary>
    public const int Scale = 4;

    private const double UnitsPerPixel = 1 << (Scale - 1);

    /// <summary>Maximum number of dashes in a line, so that the size of an event is bounded.</summary>
    private const int MaxDashes = 24;

    private readonly StringBuilder _text = new();

    public bool IsEmpty => _text.Length == 0;

    /// <summary>Adds a filled rectangle.</summary>
    public void Add(Area area) => AddPolygon(
    [
        (area.Left, area.Top), (area.Right, area.Top), (area.Right, area.Bottom), (area.Left, area.Bottom),
    ]);

    /// <summary>Adds a line of a width; its ends are square, so that two lines make a corner.</summary>
    /// <param name="from">Start.</param>
    /// <param name="to">End.</param>
    /// <param name="width">Width.</param>
    /// <param name="dash">Length of a dash, of which 3 of 5 parts are drawn; null for a solid line.</param>
    public void AddLine((double X, double Y) from, (double X, double Y) to, double width, double? dash)
    {
        var (dx, dy) = (to.X - from.X, to.Y - from.Y);
        var length = Math.Sqrt((dx * dx) + (dy * dy));
        if (length == 0)
        {
            return;
        }

        var (ux, uy) = (dx / length, dy / length);
        if (dash is not { } dashLength)
        {
            AddStrip(-width / 2, length + (width / 2));
            return;
        }

        var period = Math.Max(dashLength * 5 / 3, length / MaxDashes);
        for (var start = 0.0; start < length; start += period)
        {
            AddStrip(start, Math.Min(length, start + (period * 3 / 5)));
        }

        void AddStrip(double start, double end)
        {
            var (nx, ny) = (-uy * width / 2, ux * width / 2);
            var (x1, y1) = (from.X + (ux * start), from.Y + (uy * start));
            var (x2, y2) = (from.X + (ux * end), from.Y + (uy * end));
            AddPolygon([(x1 - nx, y1 - ny), (x2 - nx, y2 - ny), (x2 + nx, y2 + ny), (x1 + nx, y1 + ny)]);
        }
    }

    public override string ToString() => _text.ToString();

    private void AddPolygon(ReadOnlySpan<(double X, double Y)> corners)
    {
        for (var i = 0; i < corners.Length; i++)
        {
            _text.Append(i switch { 0 when _text.Length == 0 => "m ", 0 => " m ", 1 => " l ", _ => " " });
            _text.Append(CultureInfo.InvariantCulture, $"{Units(corners[i].X)} {Units(corners[i].Y)}");
        }
    }

    private static long Units(double pixels) => (long)Math.Round(pixels * UnitsPerPixel);
}
