/** What the product calls itself on the page. */
export const PRODUCT = 'NVIDIA NIM models';
