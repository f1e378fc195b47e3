const width = 1200;
const height = 780;

/** Draws a label as a picture, and hands it to the browser as a download. */
export async function exportImage(drawing: SVGSVGElement, name: string): Promise<void> {
  const source = new XMLSerializer().serializeToString(drawing);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
  const link = document.createElement('a');
  link.href = canvas.toDataURL('image/png');
  link.download = `${name || 'label'}.png`;
  link.click();
}
