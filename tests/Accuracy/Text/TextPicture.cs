namespace ForegSyte.Accuracy.Text;

/// <summary>How one picture of lines looks.</summary>
/// <param name="Ground">ffmpeg's source of the ground, of the size of the picture.</param>
/// <param name="Color">Colour of the letters.</param>
internal sealed record TextPicture(string Ground, string Color);
