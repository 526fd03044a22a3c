// culori with the colour spaces CSS texts of our figures use, instead of all thirty.
import { useMode, modeRgb, modeHsl, modeLrgb, modeXyz65 } from "culori/fn";
useMode(modeRgb);
useMode(modeHsl);
useMode(modeLrgb);
useMode(modeXyz65);
export { converter, formatHex, formatRgb, wcagContrast, wcagLuminance, interpolate, parse } from "culori/fn";
